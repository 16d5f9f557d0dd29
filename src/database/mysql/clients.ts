import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { makeTemporary } from '../../files/temporary-folder.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import { type BackupToolContext, type ClientPurpose, orWithoutBackup } from '../backup-tool.ts';
import { clientOutput, findOnPath, HANDED } from '../client-program.ts';
import type { Server } from '../dialect.ts';
import { MYSQL_SESSION } from './session.ts';

export type MysqlBackupContext = BackupToolContext<MysqlTarget>;

export interface MysqlClients {
  readonly dump: string;
  readonly shell: string;
  /** Options that the dump program of this family needs besides. */
  readonly dumpOptions: readonly string[];
}

const FAMILIES = {
  MariaDB: {
    names: { dump: ['mariadb-dump', 'mysqldump'], shell: ['mariadb', 'mysql'] },
    packages: 'Debian, Ubuntu: mariadb-client; RHEL, Fedora: mariadb',
    // It takes no statement for its session; a LIMIT keeps sql_select_limit from counting.
    dumpOptions: ['--where=1 LIMIT 18446744073709551615'],
  },
  MySQL: {
    names: { dump: ['mysqldump'], shell: ['mysql'] },
    packages: 'Ubuntu: mysql-client; Debian: mysql-client from repo.mysql.com; RHEL, Fedora: mysql',
    // Neither is part of the data, and either needs privileges or a server that has it.
    dumpOptions: ['--set-gtid-purged=OFF', '--column-statistics=0'],
  },
} as const;

/**
 * The client programs that a backup is made and read with.
 *
 * @throws GatewayError PREFLIGHT
 */
export async function mysqlClients(
  context: MysqlBackupContext,
  server: Pick<Server, 'product' | 'version'>,
): Promise<MysqlClients> {
  return {
    dump: await mysqlClient(context, server, 'dump', 'backup'),
    shell: await mysqlClient(context, server, 'shell', 'backup'),
    dumpOptions: FAMILIES[familyOf(server)].dumpOptions,
  };
}

const familyOf = ({ product }: Pick<Server, 'product'>) => (product === 'MariaDB' ? 'MariaDB' : 'MySQL');

/**
 * A client program of the server's own family, not older than the server. The other family's do not work:
 * MySQL 9 cannot log in with mysql_native_password, nor MariaDB's everywhere with caching_sha2_password, and
 * each dumps what the other does not read.
 *
 * @throws GatewayError PREFLIGHT
 */
export async function mysqlClient(
  context: MysqlBackupContext,
  server: Pick<Server, 'product' | 'version'>,
  which: 'dump' | 'shell',
  purpose: ClientPurpose,
): Promise<string> {
  const { env, signal } = context;
  const { product, version } = server;
  const family = FAMILIES[familyOf(server)];
  const names: readonly string[] = family.names[which];
  const major = Number.parseInt(version, 10);
  const otherwise = purpose === 'backup' ? orWithoutBackup(context) : '';
  const hint = `Install the client of ${product} ${major} or later (${family.packages}) and put it first on the PATH${otherwise}. Nothing was changed.`;
  let problem = `A ${purpose} needs ${names[0]}, which is not on the PATH.`;
  for (const name of names) {
    const program = findOnPath(env, name);
    if (program === null) continue;
    const text = await clientOutput({ program, args: ['--version'], env, signal });
    // mysqldump  Ver 9.7.4 for Linux …; mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, …; … from 11.4.2-MariaDB
    const isMariadb = /mariadb/i.test(text.replace(program, ''));
    const found = /(?:Distrib|from) (\d+)([\d.]*)/.exec(text) ?? /Ver (\d+)([\d.]*)/.exec(text);
    const shown = `${program} is of ${isMariadb ? 'MariaDB' : 'MySQL'} ${found?.[1] ?? 'an unknown version'}${found?.[2] ?? ''}`;
    if (isMariadb !== (familyOf(server) === 'MariaDB'))
      problem = `${shown}, and the server is ${product} ${version}.`;
    else if (!(Number(found?.[1] ?? 0) >= major))
      problem = `${shown}, older than the server (${product} ${version}).`;
    else return program;
  }
  throw new GatewayError('PREFLIGHT', problem, { hint });
}

/** How a client logs in, without an argument or a file that says the password. */
export interface Login {
  /** Its first argument. */
  readonly option: string;
  /** The open file that it is to have as its `HANDED`. */
  readonly handed: number;
}

/**
 * Gives `use` what makes a client log in: an option file that has lost its name before anything is in it, so that
 * it ends with the last process that has it open, however that ends. (A pipe would not do: Node's are sockets,
 * which cannot be opened by a path, and a client may read its options twice.)
 */
export async function withLogin<T>(
  { target }: MysqlBackupContext,
  server: Server,
  use: (login: Login) => Promise<T>,
): Promise<T> {
  const name = join(tmpdir(), `mcpgw-${randomUUID()}`);
  const handed = makeTemporary(() => openSync(name, 'wx+', 0o600));
  try {
    rmSync(name);
    // At a place: what reads it through the same handle, as on macOS, begins at the start.
    writeSync(handed, optionFile(target, server.product === 'MariaDB'), 0);
    return await use({ option: `--defaults-file=/dev/fd/${HANDED}`, handed });
  } finally {
    closeSync(handed);
  }
}

function optionFile(target: MysqlTarget, mariadb: boolean): string {
  const { ssl } = target;
  const options: Record<string, string | null> = {
    user: target.user,
    password: target.password,
    ...(target.socketPath === null
      ? { protocol: 'tcp', host: target.host, port: String(target.port) }
      : { protocol: 'socket', socket: target.socketPath }),
    'default-character-set': 'utf8mb4',
    'ssl-ca': ssl.ca,
    'ssl-cert': ssl.cert,
    'ssl-key': ssl.key,
  };
  const lines = Object.entries(options)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${quoted(value ?? '')}`);
  const login = ['[client]', ...lines, ...(mariadb ? mariadbTls(ssl.mode) : mysqlTls(ssl.mode))];
  const session = `init-command=${quoted(MYSQL_SESSION)}`;
  // Older releases of mysqldump know no such option either.
  const dump = mariadb ? [] : ['[mysqldump]', `loose-${session}`];
  return [...login, '[mysql]', session, ...dump, ''].join('\n');
}

function mysqlTls(mode: MysqlTarget['ssl']['mode']): string[] {
  // Without TLS the password of caching_sha2_password travels under the server's public key.
  return [`ssl-mode=${mode.toUpperCase().replace('-', '_')}`, 'get-server-public-key'];
}

function mariadbTls(mode: MysqlTarget['ssl']['mode']): string[] {
  switch (mode) {
    case 'disabled':
      return ['skip-ssl'];
    case 'preferred':
      return ['skip-ssl-verify-server-cert'];
    case 'required':
    case 'verify-ca':
      return ['ssl', 'skip-ssl-verify-server-cert'];
    case 'verify-identity':
      return ['ssl', 'ssl-verify-server-cert'];
  }
}

/** A value of an option file, whose escapes are those of C (MySQL manual, "Using Option Files"). */
function quoted(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** The environment of a client: no variable or login file of its own leads it elsewhere than DATABASE_URL. */
export function clientEnvironment({ env }: MysqlBackupContext): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !/^(MYSQL|MARIADB)_/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', MYSQL_TEST_LOGIN_FILE: '/dev/null' };
}
