import { userInfo } from 'node:os';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import type { BackupToolContext } from '../../database/backup-tool.ts';
import type { Server } from '../../database/dialect.ts';
import { GatewayError } from '../../errors.ts';
import { noProgress } from '../../progress.ts';
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

/** What the server, the driver or the system said when it refused. It holds no password. */
export interface Refusal {
  /** Number or SQLSTATE of the server, code of the driver, of the system or of this program; '' for none. */
  readonly code: number | string;
  readonly message: string;
}

/** What helps against some refusals. */
export interface Advice {
  /** Which: of `code: message`. */
  readonly when: RegExp;
  /** In place of what was said. */
  readonly sample?: readonly string[];
  readonly hint?: string;
  readonly command?: string;
}

/** The finding for a refusal, as the first advice that fits words it; null when none does. */
export function adviceOn(advice: readonly Advice[], { code, message }: Refusal): Findings | null {
  const fitting = advice.find(({ when }) => when.test(`${code}: ${message}`));
  if (fitting === undefined) return null;
  const { when: _, sample = [`${message}${code === '' ? '' : ` (${code})`}`], ...rest } = fitting;
  return { count: 1, sample, ...rest };
}

/** Who logs in: without a user in the URL it is the one of the operating system, as libpq and PyMySQL have it. */
export function loginName({ user }: { readonly user: string | null }): string {
  return user ?? userInfo().username;
}

type Described = Pick<DoctorCheck<never>, 'title' | 'hint'>;

/** The check of a gate, by what it is for a kind of server; all of them share one attempt. */
export function gateChecks<Target extends DatabaseTarget>(
  login: (context: TargetContext<Target>) => Promise<Login>,
  gates: Readonly<Record<Gate, Described>>,
): (gate: Gate) => DoctorCheck<TargetContext<Target>> {
  return (gate) => ({
    id: gate === 'version' ? 'database.version' : `server.${gate}`,
    ...gates[gate],
    level: 'error',
    decisive: true,
    async find(context) {
      const { refused, server, tls } = await login(context);
      if (refused?.gate === gate) return refused.findings;
      const version = server === null ? [] : [`${server.product} ${server.version}`];
      return { count: 0, sample: gate === 'tls' ? tls : gate === 'version' ? version : [] };
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
    hint: 'mcpgw migrate takes a backup first and refuses without its programs, unless told --no-backup.',
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
