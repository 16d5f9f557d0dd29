import { GatewayError } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import { type BackupToolContext, type ClientPurpose, orWithoutBackup } from '../backup-tool.ts';
import { clientOutput, findOnPath } from '../client-program.ts';
import { postgresqlClientOptions } from './session.ts';

export type PostgresqlBackupContext = BackupToolContext<PostgresqlTarget>;

/**
 * The environment of libpq's programs: where the server is and who we are, so that no argument says it. Its other
 * variables are left out: what they say is in the target (`libpqDefaults`).
 */
export function clientEnvironment(
  { env, target }: PostgresqlBackupContext,
  serverVersion: string,
): Record<string, string | undefined> {
  const { ssl } = target;
  const kept = Object.entries(env).filter(([name]) => !/^PG[A-Z]/.test(name));
  const ours: Record<string, string | undefined> = {
    LC_ALL: 'C',
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGDATABASE: target.database,
    PGUSER: target.user ?? undefined,
    PGPASSWORD: target.password ?? undefined,
    PGOPTIONS: `${target.options ?? ''} ${postgresqlClientOptions(Number.parseInt(serverVersion, 10))}`,
    PGSSLMODE: ssl.mode,
    PGSSLROOTCERT: ssl.rootCert ?? undefined,
    PGSSLCERT: ssl.cert ?? undefined,
    PGSSLKEY: ssl.key ?? undefined,
    PGSSLCRL: ssl.crl ?? undefined,
    PGCONNECT_TIMEOUT: String(Math.ceil((target.connectTimeoutMs ?? 10_000) / 1000)),
    PGAPPNAME: 'mcpgw',
    PGCLIENTENCODING: 'UTF8',
  };
  // An undefined one is not set at all.
  return { ...Object.fromEntries(kept), ...definedOnly(ours) };
}

function definedOnly(variables: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
}

/**
 * A program of PostgreSQL's client package that is at least as new as the server: pg_dump refuses newer ones.
 *
 * @throws GatewayError PREFLIGHT
 */
export async function postgresqlClient(
  context: PostgresqlBackupContext,
  name: 'pg_dump' | 'pg_restore' | 'psql',
  serverVersion: string,
  purpose: ClientPurpose,
): Promise<string> {
  const major = Number.parseInt(serverVersion, 10);
  const program = findOnPath(context.env, name);
  const install =
    `Install the client of PostgreSQL ${major} or later (Debian, Ubuntu: postgresql-client-${major}; ` +
    `RHEL, Fedora: postgresql${major}) and put it first on the PATH`;
  const otherwise = purpose === 'backup' ? orWithoutBackup(context) : '';
  const hint = `${install}${otherwise}. Nothing was changed.`;
  if (program === null) {
    throw new GatewayError('PREFLIGHT', `A ${purpose} needs ${name}, which is not on the PATH.`, { hint });
  }
  const version = /\(PostgreSQL\) (\d+)(\S*)/.exec(
    await clientOutput({ program, args: ['--version'], env: context.env, signal: context.signal }),
  );
  // psql and pg_restore speak to any server; pg_dump reads catalogs, which it must know.
  if (name === 'pg_dump' && !(Number(version?.[1] ?? 0) >= major)) {
    const found = version === null ? 'of an unknown version' : `of version ${version[1]}${version[2]}`;
    throw new GatewayError(
      'PREFLIGHT',
      `${program} is ${found}, older than the server (PostgreSQL ${serverVersion}), and cannot back it up.`,
      { hint },
    );
  }
  if (name === 'psql' && purpose === 'restore') await refuseObedient(context, program, hint);
  return program;
}

/** psql that cannot be told to obey no commands of its own would run those that are hidden in a dump. */
async function refuseObedient(
  { env, signal }: PostgresqlBackupContext,
  program: string,
  hint: string,
): Promise<void> {
  const commands = await clientOutput({ program, args: ['--help=commands'], env, signal });
  if (commands.includes('\\restrict')) return;
  throw new GatewayError(
    'PREFLIGHT',
    `${program} runs programs that a dump names in hidden commands (CVE-2025-8714), and a restore feeds it one.`,
    { hint: `Its versions 13.22, 14.19, 15.14, 16.10, 17.6 and later do not. ${hint}` },
  );
}

/**
 * The programs that a backup is made and read with are there.
 *
 * @throws GatewayError PREFLIGHT
 */
export async function postgresqlBackupClients(
  context: PostgresqlBackupContext,
  serverVersion: string,
): Promise<void> {
  await postgresqlClient(context, 'pg_dump', serverVersion, 'backup');
  await postgresqlClient(context, 'pg_restore', serverVersion, 'backup');
}
