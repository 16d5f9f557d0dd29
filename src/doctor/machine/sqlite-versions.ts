import { CLEAN, type DoctorCheck, fine, found } from '../../checks/check.ts';
import { findOnPath } from '../../database/client-program.ts';
import { sqliteVersion } from '../../database/sqlite/driver.ts';
import { GatewayError } from '../../errors.ts';
import { shell } from '../../report/advice.ts';
import type { DoctorContext } from '../context.ts';
import { programOutput } from './program-output.ts';

interface Sqlite {
  /** For people. */
  readonly whose: string;
  readonly version: string;
  /** Below it, what an upgrade needs is not there. */
  readonly oldest: string;
  readonly why: string;
}

/**
 * The SQLite versions that meet at one file. Each reads what the others wrote, back to 3.7 in WAL mode; what
 * differs is what they can do, and the faults they have.
 */
export const sqliteVersions: DoctorCheck<DoctorContext> = {
  id: 'machine.sqlite',
  title: 'The SQLite versions of this machine are new enough',
  level: 'warning',
  hint: 'mcpgw brings its own SQLite and works; what is named here does not do all that an upgrade or a repair asks of it.',
  command: shell(
    process.platform === 'darwin'
      ? 'brew install sqlite'
      : 'sudo apt-get install --only-upgrade sqlite3 libsqlite3-0',
  ),
  async find(context) {
    if (context.inspected.target?.dialect !== 'sqlite') return CLEAN;
    const programs = await Promise.all(PROGRAMS.map((program) => versionOf(program, context)));
    const all = [...builtIn(), ...programs.flat()];
    const old = all.filter(({ version, oldest }) => compareVersions(version, oldest) < 0);
    if (old.length === 0) return fine(...all.map(({ whose, version }) => `${whose}: ${version}`));
    return found(
      old.map(({ whose, version, oldest, why }) => `${whose}: ${version} is older than ${oldest}: ${why}`),
    );
  },
};

/** Nothing when the driver does not load, which another check tells. */
function builtIn(): readonly Sqlite[] {
  try {
    const why = 'it does not know WAL mode';
    return [{ whose: 'mcpgw', version: sqliteVersion(), oldest: '3.7.0', why }];
  } catch (error) {
    if (error instanceof GatewayError) return [];
    throw error;
  }
}

const PROGRAMS = [
  {
    name: 'sqlite3',
    args: ['--version'],
    isSlow: false,
    note: '',
    // https://www.sqlite.org/releaselog/3_40_0.html: `.recover` is rewritten as the recovery extension.
    oldest: '3.40.0',
    why: 'its .recover salvages less of a damaged file',
  },
  {
    // Most likely the gateway's. It takes its time to start (0.1 s), so only `--verbose` waits for it.
    name: 'python3',
    args: ['-I', '-c', 'import sqlite3; print(sqlite3.sqlite_version)'],
    isSlow: true,
    note: ' (the gateway’s, maybe)',
    // https://www.sqlite.org/releaselog/3_35_0.html: ALTER TABLE … DROP COLUMN.
    oldest: '3.35.0',
    why: 'it cannot drop columns, which later upgrades of the gateway do',
  },
] as const;

async function versionOf(
  { name, args, isSlow, note, ...rest }: (typeof PROGRAMS)[number],
  context: DoctorContext,
): Promise<readonly Sqlite[]> {
  const path = isSlow && !context.thorough ? null : findOnPath(context.env, name);
  if (path === null) return [];
  const [version] = /^\d+\.\d+\.\d+/.exec(await programOutput([path, ...args], context)) ?? [];
  return version === undefined ? [] : [{ whose: `${path}${note}`, version, ...rest }];
}

/** @returns below 0 when `a` is the older one */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
