import { findOnPath } from '../../database/client-program.ts';
import { sqliteVersion } from '../../database/sqlite/driver.ts';
import { GatewayError } from '../../errors.ts';
import type { DoctorContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
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
export const sqliteVersions: Examination<DoctorContext> = {
  id: 'machine.sqlite',
  title: 'The SQLite versions of this machine are new enough',
  level: 'warning',
  meaning:
    'Programs with SQLite versions far apart use the same file. mcpgw brings its own and works; what is named here does not do all that an upgrade or a repair asks of it.',
  command: '',
  async find(context): Promise<DoctorFindings> {
    if (context.inspected.target?.dialect !== 'sqlite') return { count: 0, sample: [] };
    const all = (await Promise.all([builtIn(), shell(context), python(context)])).filter(
      (found) => found !== null,
    );
    const old = all.filter(({ version, oldest }) => compareVersions(version, oldest) < 0);
    const facts = all.map(({ whose, version }) => `${whose}: ${version}${noteOn(version)}`);
    if (old.length === 0) return { count: 0, sample: facts };
    return {
      count: old.length,
      sample: old.map(
        ({ whose, version, oldest, why }) => `${whose}: ${version} is older than ${oldest}: ${why}`,
      ),
      command:
        process.platform === 'darwin'
          ? 'brew install sqlite'
          : 'sudo apt-get install --only-upgrade sqlite3 libsqlite3-0',
    };
  },
};

/** Null when the driver does not load, which another examination tells. */
function builtIn(): Sqlite | null {
  try {
    const version = sqliteVersion();
    return { whose: 'mcpgw', version, oldest: '3.7.0', why: 'it does not know WAL mode' };
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

/** https://www.sqlite.org/releaselog/3_40_0.html: `.recover` is rewritten as the recovery extension. */
async function shell({ env }: DoctorContext): Promise<Sqlite | null> {
  const path = findOnPath(env, 'sqlite3');
  const version = versionIn(path === null ? null : await programOutput(path, ['--version'], env));
  if (path === null || version === null) return null;
  const why = 'its .recover salvages less of a damaged file';
  return { whose: path, version, oldest: '3.40.0', why };
}

/**
 * The Python on the PATH is most likely the gateway's. It takes its time to start (0.1 s), so only `--verbose`
 * waits for it. https://www.sqlite.org/releaselog/3_35_0.html: ALTER TABLE … DROP COLUMN.
 */
async function python({ env, thorough }: DoctorContext): Promise<Sqlite | null> {
  const path = thorough ? findOnPath(env, 'python3') : null;
  if (path === null) return null;
  const ask = 'import sqlite3; print(sqlite3.sqlite_version)';
  const version = versionIn(await programOutput(path, ['-I', '-c', ask], env));
  const why = 'it cannot drop columns, which later upgrades of the gateway do';
  return version === null
    ? null
    : { whose: `${path} (the gateway’s, maybe)`, version, oldest: '3.35.0', why };
}

function versionIn(output: string | null): string | null {
  return /^\d+\.\d+\.\d+/.exec(output ?? '')?.[0] ?? null;
}

/** @returns below 0 when `a` is the older one */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  const place = left.findIndex((part, i) => part !== right[i]);
  return place < 0 ? 0 : (left[place] ?? 0) - (right[place] ?? 0);
}

/**
 * A fault of every version since WAL mode that needs two connections to write and checkpoint at the very same
 * moment, and can then lose a commit: https://sqlite.org/wal.html#walresetbug. It is too rare, and most systems
 * have it, for more than a note.
 */
function noteOn(version: string): string {
  const [, minor = 0] = version.split('.').map(Number);
  const fixed = ({ 44: '3.44.6', 50: '3.50.7' } as Readonly<Record<number, string>>)[minor] ?? '3.51.3';
  return compareVersions(version, fixed) < 0 ? ' (has the rare WAL-reset fault, mended in 3.51.3)' : '';
}
