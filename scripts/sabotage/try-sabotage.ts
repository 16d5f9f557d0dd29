import { tmpdir } from 'node:os';
import { runChange } from '../../src/change/run-change.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { fix, repaired } from '../../src/checks/fix.ts';
import { isProblem } from '../../src/checks/run-check.ts';
import { runVerify } from '../../src/checks/verify.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { withDatabase } from '../../src/database/with-database.ts';
import { GatewayError } from '../../src/errors.ts';
import { isAtHead } from '../../src/migrate/head.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import { upgrade } from '../../src/migrate/upgrade.ts';
import { noProgress } from '../../src/progress.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Random } from '../sample/random.ts';
import { editSqlite } from './edit-sqlite.ts';
import { whatBreaks } from './oracle.ts';
import { SABOTAGES } from './sabotages.ts';

const ADMIN = 'admin@corp.example.com';

function settingsOf(url: string) {
  return loadSettings({
    flags: { databaseUrl: url },
    env: {
      PLATFORM_ADMIN_EMAIL: ADMIN,
      PLATFORM_ADMIN_PASSWORD: 'Str0ng-Passw0rd!',
      // Hashing is not what this is about.
      ARGON2ID_TIME_COST: '1',
      ARGON2ID_MEMORY_COST: '1024',
    },
    cwd: tmpdir(),
    credentials: 'required',
    allowDefaultCredentials: false,
  });
}

const connected = <T>(url: string, use: (db: Connection) => Promise<T>) =>
  withDatabase(
    settingsOf(url).target,
    { access: 'write', create: false, retries: 0, retryIntervalMs: 1 },
    use,
  );

const around = (url: string) => ({
  toolVersion: 'sabotage',
  reconnect: <T>(use: (db: Connection) => Promise<T>) => connected(url, use),
  progress: noProgress,
  lockTimeoutMs: 10_000,
  signal: new AbortController().signal,
  beforeWriting: async () => {},
  confirm: async () => true,
});

/** Brings a v0.6.0 database to v0.7.0, as what the sabotages are made on. */
export async function migrateSample(url: string): Promise<void> {
  const { settings } = settingsOf(url);
  const change = upgrade({ settings, now: new Date(), adopt: false, marker: false });
  await connected(url, (db) => runChange(db, change, around(url)));
}

export interface Trial {
  readonly title: string;
  /** What of the gateway's work it breaks, by the oracle. */
  readonly broken: readonly string[];
  /** The checks that found it. */
  readonly found: readonly string[];
  /** Those that find something after `fix`. */
  readonly left: readonly string[];
  /** What the program did wrong; empty for a trial that it stood. */
  readonly faults: readonly string[];
}

/**
 * Does one sabotage to a copy of a v0.7.0 database and judges what `verify` and `fix` make of it.
 *
 * @returns null where this database has nothing that the drawn kind could be done to
 */
export async function trySabotage(url: string, source: Random): Promise<Trial | null> {
  const { settings, target } = settingsOf(url);
  const sabotage = SABOTAGES[source.below(SABOTAGES.length)];
  const deed = await connected(url, async (db) => {
    const gateway = releaseSchema('0.7.0');
    const schema = new Map([...(await db.dialect.readSchema(db))].filter(([name]) => gateway.has(name)));
    const drawn = sabotage?.({ family: db.dialect.name, schema, source, quote: db.dialect.quote }) ?? null;
    try {
      for (const text of drawn?.sql ?? []) await db.run(statement(text));
    } catch {
      // Rows that are there do not allow it.
      return null;
    }
    return drawn;
  });
  if (deed === null) return null;
  if (deed.edit !== undefined && target.dialect === 'sqlite') editSqlite(target.path, deed.edit);

  const verified = () =>
    connected(url, (db) =>
      runVerify(db, DATA_CHECKS, { settings, overrides: {}, now: new Date() }, noProgress),
    );
  const faults: string[] = [];
  const attempt = async <T>(what: string, run: () => Promise<T>): Promise<T | null> => {
    try {
      return await run();
    } catch (error) {
      const isSaid = error instanceof GatewayError && error.code !== 'INTERNAL';
      if (!isSaid) faults.push(`${what}: INTERNAL: ${(error as Error).message}`);
      return null;
    }
  };
  const problems = (result: Awaited<ReturnType<typeof verified>> | null) =>
    (result?.checks ?? []).filter(isProblem);

  const broken = await connected(url, (db) => whatBreaks(db, ADMIN));
  const before = await attempt('verify', verified);
  const found = problems(before);
  if (before?.clean === true && broken.length > 0) faults.push('it matters and passes verify');
  const crashed = found.filter(({ status }) => status === 'errored');
  if (crashed.length > 0) faults.push(`verify: ${crashed.map(({ hint }) => hint)}`);
  const atHead = await connected(url, (db) => isAtHead(db, settings));
  // Of two indexes on the same columns one may be lost.
  const isSeen = ({ id }: { id: string }) => id.startsWith('schema.') && id !== 'schema.indexes';
  if (atHead && found.some(isSeen)) faults.push('it is at head by isAtHead');

  const repair = fix({ checks: DATA_CHECKS, settings, judge: async () => ({}), now: new Date() });
  const fixed = await attempt('fix', async () =>
    repaired(await connected(url, (db) => runChange(db, repair, around(url)))),
  );
  const after = await attempt('verify after fix', verified);
  const left = problems(after);
  if (fixed?.clean === true && after?.clean === false) faults.push('fix says all is repaired, and it is not');
  const unsaid = left.filter(({ fixable, hint }) => fixable || hint === '');
  if (unsaid.length > 0)
    faults.push(`after fix not said: ${unsaid.map(({ id, hint }) => `${id} (${hint})`)}`);
  const still = after?.clean === true ? await connected(url, (db) => whatBreaks(db, ADMIN)) : [];
  if (still.length > 0) faults.push(`after fix it still matters: ${still[0]}`);
  const ids = (reports: readonly { id: string }[]) => reports.map(({ id }) => id);
  return { title: deed.title, broken, found: ids(found), left: ids(left), faults };
}
