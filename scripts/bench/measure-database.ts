import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChange } from '../../src/change/run-change.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { fix } from '../../src/checks/fix.ts';
import { selectChecks } from '../../src/checks/select.ts';
import { runVerify } from '../../src/checks/verify.ts';
import { upgrade } from '../../src/migrate/upgrade.ts';
import { noProgress } from '../../src/progress.ts';
import { BUILT_PROGRAM } from '../build.ts';
import { createSample } from '../sample/create-sample.ts';
import { benchmarkSample } from '../sample/sample-size.ts';
import type { BenchDatabase } from './bench-database.ts';
import { type CaptureContext, CREDENTIALS, capture } from './capture.ts';
import { compare } from './compare.ts';
import { exportScript } from './export-script.ts';
import { EXPORT_PEAK_MARK_MB, type Measurement, PEAK_MARK_MB } from './measurement.ts';
import { type Captured, writingOnly } from './native-script.ts';
import type { BenchOptions } from './options.ts';
import type { Command } from './timed-run.ts';

/** The size that the mark on seconds is for. */
const FULL_SIZE = 100_000;
const SECONDS_MARK_MS = 5_000;
/** The check that finds rows without team or owner, as `--only` takes it. */
const ORPHANS = 'ownership.orphans';

const RUN = {
  toolVersion: 'bench',
  signal: new AbortController().signal,
  lockTimeoutMs: 10_000,
  progress: noProgress,
  confirm: async () => true,
  beforeWriting: async () => {},
} as const;

/** Migrate, verify and fix on one database, each against the same SQL in its native client. */
export async function measureDatabase(
  database: BenchDatabase,
  { tools, runs, measurements }: BenchOptions,
  folder: string,
  say: (text: string) => void,
): Promise<Measurement[]> {
  const names = { old: 'mcpgw_bench_old', migrated: 'mcpgw_bench_migrated', work: 'mcpgw_bench_work' };
  const orphaned = 'mcpgw_bench_orphaned';
  const work = database.url(names.work);
  const results: Measurement[] = [];
  const wants = (name: (typeof measurements)[number]) => measurements.includes(name);
  const measure = async (
    what: string,
    prepare: () => Promise<void>,
    ours: Command,
    script: string,
    marks: Measurement['marks'],
  ) => {
    say(`${what}: ${runs} runs of each`);
    const file = join(folder, `${what}.sql`);
    writeFileSync(file, script);
    const compared = await compare(runs, prepare, ours, database.native(names.work, file));
    results.push({ what: `${what}, ${database.title}`, ...compared, marks });
  };
  const now = new Date();

  try {
    say(`making a v0.6.0 database of ${tools} tools`);
    await database.create(names.old);
    await createSample(database.url(names.old), benchmarkSample(tools));

    await database.copy(names.old, names.migrated);
    const migrateScript = await capture(
      database.url(names.migrated),
      'write',
      writingOnly,
      async ({ db, settings }) => {
        const change = upgrade({ settings, now, adopt: false, marker: false });
        await runChange(db, change, { ...RUN, reconnect: (use) => use(db) });
      },
    );
    if (wants('migrate')) {
      await measure(
        'migrate',
        () => database.copy(names.old, names.work),
        mcpgw(['migrate', '--yes', '--no-backup'], work),
        migrateScript,
        {
          ratio: 1.3,
          peakMb: PEAK_MARK_MB,
          ...(database.title.startsWith('SQLite') && tools === FULL_SIZE ? { ms: SECONDS_MARK_MS } : {}),
        },
      );
    }
    await database.drop(names.old);

    if (wants('verify')) {
      await database.copy(names.migrated, names.work);
      const script = await capture(work, 'read', everything, async ({ db, settings }) => {
        await runVerify(db, DATA_CHECKS, { settings, overrides: {}, now }, noProgress);
      });
      await measure('verify', async () => {}, mcpgw(['verify'], work), script, {
        ratio: 1.5,
        peakMb: PEAK_MARK_MB,
      });
    }

    if (wants('fix')) {
      await database.copy(names.migrated, orphaned);
      await database.run(orphaned, 'UPDATE tools SET team_id = NULL, owner_email = NULL');
      await database.copy(orphaned, names.work);
      const script = await capture(work, 'write', writingOnly, fixOrphans(now));
      await measure(
        'fix',
        () => database.copy(orphaned, names.work),
        mcpgw(['fix', '--yes', '--no-backup', '--only', ORPHANS], work),
        script,
        { peakMb: PEAK_MARK_MB },
      );
    }
    if (wants('export')) {
      await database.copy(names.migrated, names.work);
      const file = join(folder, 'configuration.json');
      const dialect = work.startsWith('sqlite')
        ? 'sqlite'
        : work.startsWith('postgres')
          ? 'postgresql'
          : 'mysql';
      await measure(
        'export',
        async () => rmSync(file, { force: true }),
        mcpgw(['export', file], work),
        exportScript(dialect),
        { ratio: 2, peakMb: EXPORT_PEAK_MARK_MB },
      );
    }
    return results;
  } finally {
    for (const name of [...Object.values(names), orphaned]) await database.drop(name);
  }
}

const everything = (statements: readonly Captured[]) => statements;

const fixOrphans =
  (now: Date) =>
  async ({ db, settings }: CaptureContext) => {
    const checks = selectChecks(DATA_CHECKS, [ORPHANS], undefined);
    const change = fix({ checks, settings, judge: async () => ({}), now });
    await runChange(db, change, { ...RUN, reconnect: (use) => use(db) });
  };

function mcpgw(args: readonly string[], url: string): Command {
  // In the environment, since a URL on the command line would show its password to the whole machine.
  return {
    program: process.execPath,
    args: [BUILT_PROGRAM, ...args],
    env: { ...CREDENTIALS, DATABASE_URL: url },
  };
}
