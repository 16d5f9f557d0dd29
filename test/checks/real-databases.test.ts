import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import type { CheckReport } from '../../src/report/report.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { opened } from '../support/migrated-database.ts';
import { REAL_DATABASES, realDumps } from '../support/real-dumps.ts';
import { fix, problems, verify } from '../support/run-checks.ts';

/** What each state is found to lack before anything was done to it. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  'v0.7.0-upgraded': [
    'schema.columns',
    'schema.global-uniques',
    'foreign-keys.dangling',
    'schema.uniques',
    'schema.indexes',
    'schema.foreign-keys',
    'roles.assignment',
  ],
  'v0.7.0-fresh': ['schema.columns', 'schema.indexes', 'schema.checks'],
  'v0.6.0': ['release.revision', 'schema.columns', 'schema.global-uniques', 'schema.uniques'],
};
const foundIn = (state: string) =>
  Object.entries(FOUND).find(([prefix]) => state.startsWith(prefix))?.[1] ?? [];

/** Passed, or only to be warned of. */
const failing = (reports: readonly CheckReport[]) =>
  Object.values(problems(reports)).filter(({ status }) => status !== 'warned');

describe.skipIf(REAL_DATABASES === undefined)('real databases (needs MCPGW_REAL_DATABASES)', () => {
  for (const { kind, state, path } of realDumps()) {
    describe.skipIf(!kind.available)(`${state} on ${kind.id}`, () => {
      let database: TestDatabase;

      beforeAll(async () => {
        database = await createDatabase(kind.id);
        await database.load(path);
      });
      afterAll(() => database?.drop());

      test('verify says what it lacks, and no check crashes', async () => {
        const reports = await verify(opened(database.url), DATA_CHECKS);
        expect(reports.filter(({ status }) => status === 'errored')).toEqual([]);
        expect(Object.keys(problems(reports))).toEqual(expect.arrayContaining([...foundIn(state)]));
        expect(reports.filter((report) => report.status === 'failed' && report.hint === '')).toEqual([]);
      });

      test('verify finds nothing once it is migrated', async () => {
        const copy = await createDatabase(kind.id);
        try {
          await copy.load(path);
          await migrate(copy);
          expect(failing(await verify(opened(copy.url), DATA_CHECKS))).toEqual([]);
        } finally {
          await copy.drop();
        }
      });

      test.skipIf(!state.startsWith('v0.7.0'))('fix alone leaves nothing to find', async () => {
        const at = opened(database.url);
        const first = await fix(at, DATA_CHECKS);
        expect(first.checks.filter(({ remaining }) => (remaining ?? 0) > 0)).toEqual([]);
        expect(failing(await verify(at, DATA_CHECKS))).toEqual([]);
        expect((await fix(at, DATA_CHECKS)).steps).toEqual([]);
      });
    });
  }
});
