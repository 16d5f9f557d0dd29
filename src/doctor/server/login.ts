import { userInfo } from 'node:os';
import { CLEAN, type DoctorCheck, type Findings, fine } from '../../checks/check.ts';
import type { BackupToolContext } from '../../database/backup-tool.ts';
import type { Server } from '../../database/dialect.ts';
import { errorText, GatewayError } from '../../errors.ts';
import { noProgress } from '../../progress.ts';
import type { Command, Text } from '../../report/advice.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** At which gate of the server an attempt to open the database ended, from the outside in. */
export type Gate = 'protocol' | 'tls' | 'authentication' | 'database' | 'version';

/** What the one real attempt to open the database ended in, as every command opens it. */
export interface Login {
  /** Null when nobody was let in. */
  readonly server: Pick<Server, 'product' | 'version'> | null;
  readonly refused: { readonly gate: Gate; readonly findings: Findings } | null;
  /** How the connection is secured, for people. */
  readonly tls: readonly string[];
}

/**
 * What helps against a refusal: which, of `code: message` as the server, the driver or the system said it; at which
 * gate it was; the command; and words in place of those that every command has for it.
 */
export type Help = readonly [when: RegExp, gate: Gate, command?: Command | undefined, hint?: Text];

/** The refusal as a finding at its gate, by the first row of help that fits. None of it holds a password. */
export function refusedBy(
  help: readonly Help[],
  error: unknown,
  otherwise: Gate,
): NonNullable<Login['refused']> {
  const ownHint = error instanceof GatewayError ? error.hint : '';
  const { code, message } = causeOf(error);
  const [, gate = otherwise, command, hint = ownHint] =
    help.find(([when]) => when.test(`${code}: ${message}`)) ?? [];
  const said = message.replaceAll(/\s+/g, ' ').slice(0, 200);
  const isSaid = code === '' || OURS.has(`${code}`) || said.includes(`${code}`);
  const sample = [isSaid ? said : `${said} (${code})`];
  return { gate, findings: { count: 1, sample, command, ...(hint === '' ? {} : { hint }) } };
}

/** Errors of this program's own, which say all themselves. */
const OURS: ReadonlySet<string> = new Set(['SERVER_VERSION', 'URL', 'NOT_A_DATABASE']);

/** What stands behind the words of this program: code and text of the server, the driver or the system. */
export function causeOf(error: unknown): { readonly code: string | number; readonly message: string } {
  const isOurs = error instanceof GatewayError && (OURS.has(error.code) || !(error.cause instanceof Error));
  const cause = error instanceof GatewayError && !isOurs ? error.cause : error;
  const {
    code = '',
    errno = 0,
    sqlMessage,
  } = cause as { code?: string; errno?: number; sqlMessage?: string };
  // MySQL has numbers; the system's own are negative.
  return { code: errno > 0 ? errno : code, message: sqlMessage ?? errorText(cause) };
}

/** Who logs in: without a user in the URL it is the one of the operating system, as libpq and PyMySQL have it. */
export function loginName({ user }: { readonly user: string | null }): string {
  return user ?? userInfo().username;
}

/** What helps a user whose password is not let in. */
export function passwordHint(password: string | null, otherwise: string): string {
  return password === null
    ? 'The server wants a password, and DATABASE_URL has none. Put it in, percent-encoded, or put the whole URL into a file: DATABASE_URL_FILE.'
    : `The password is wrong, or there is no such user. Percent-encode special characters of the password in DATABASE_URL. ${otherwise}`;
}

/** The check of a gate; all of them share one attempt. */
export function gateChecks<Target extends DatabaseTarget>(
  product: string,
  login: (context: TargetContext<Target>) => Promise<Login>,
): (gate: Gate) => DoctorCheck<TargetContext<Target>> {
  const titles: Readonly<Record<Gate, string>> = {
    protocol: `What answers is ${product}`,
    tls: 'TLS works as DATABASE_URL asks for it',
    authentication: 'The server lets this user in',
    database: 'The database takes this user',
    version: 'The server is new enough',
  };
  return (gate) => ({
    id: gate === 'version' ? 'database.version' : `server.${gate}`,
    title: titles[gate],
    level: 'error',
    hint: 'Look at the server’s log for what it makes of this connection.',
    decisive: true,
    async find(context) {
      const { refused, server, tls } = await login(context);
      if (refused?.gate === gate) return refused.findings;
      if (gate === 'tls') return fine(...tls);
      return gate === 'version' && server !== null ? fine(`${server.product} ${server.version}`) : CLEAN;
    },
  });
}

/**
 * Whether the programs are there that a backup is made with, and the migration begins with one.
 *
 * @param findClients finds them as a backup does; throws GatewayError PREFLIGHT
 */
export function backupClientCheck<Target extends DatabaseTarget>(
  login: (context: TargetContext<Target>) => Promise<Login>,
  findClients: (
    context: BackupToolContext<Target>,
    server: Pick<Server, 'product' | 'version'>,
  ) => Promise<unknown>,
): DoctorCheck<TargetContext<Target>> {
  return {
    id: 'server.backup-client',
    title: 'The client programs for backups are here',
    level: 'error',
    hint: '',
    async find(context) {
      const { server } = await login(context);
      // That it could not be asked is told elsewhere.
      if (server === null) return CLEAN;
      const { target, cwd, env } = context;
      const { signal } = new AbortController();
      try {
        await findClients({ target, cwd, env, progress: noProgress, signal, canGoWithout: true }, server);
        return CLEAN;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        return { count: 1, sample: [error.message], hint: error.hint };
      }
    },
  };
}
