import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { type Check, CLEAN } from '../../src/checks/check.ts';
import { isProblem } from '../../src/checks/run-check.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { fix, verify } from '../support/run-checks.ts';

const check = (more: Partial<Check>): Check => ({
  id: 'some.check',
  title: 'Some check',
  level: 'error',
  requires: [],
  hint: 'Run: mcpgw fix',
  find: async () => CLEAN,
  ...more,
});

describe('runCheck', () => {
  const cases: Readonly<Record<string, { check: Check; status: string; hint: RegExp }>> = {
    'a table that it needs is missing': {
      check: check({ requires: ['no_such_table'] }),
      status: 'skipped',
      hint: /^Not checked: .+mcpgw migrate$/,
    },
    'it says that it could not check': {
      check: check({ find: async () => ({ ...CLEAN, skipped: 'tools has no column visibility' }) }),
      status: 'skipped',
      hint: /^Not checked: tools has no column visibility\.$/,
    },
    'it crashes': {
      check: check({ find: () => Promise.reject(new Error('no such column')) }),
      status: 'errored',
      hint: /^The check itself failed: no such column$/,
    },
  };
  for (const [name, { check: asked, status, hint }] of Object.entries(cases)) {
    it(`is no pass when ${name}`, async () => {
      const [report] = await verify(await migratedDatabase('sqlite'), [asked]);
      expect(report).toMatchObject({ status, count: 0, fixable: false, hint: expect.stringMatching(hint) });
      expect(isProblem(report!)).toBe(true);
    });
  }

  it('passes what finds nothing', async () => {
    const [report] = await verify(await migratedDatabase('sqlite'), [check({})]);
    expect(report).toMatchObject({ status: 'passed', hint: '' });
    expect(isProblem(report!)).toBe(false);
  });
});

describeEachDatabase('checks that share a transaction', ({ id }) => {
  const asks = (ask: string): Partial<Check> => ({
    id: ask,
    find: async ({ db }) => {
      await db.query(sql`${sql.raw(ask)}`);
      return CLEAN;
    },
  });

  it('go on after each one that the database refuses, and are reported in their order', async () => {
    const asked = [
      check({ ...asks('SELECT 1'), ahead: async () => {} }),
      check(asks('SELECT nothing FROM nowhere')),
      check(asks('SELECT 2')),
      check(asks('SELECT nothing FROM nowhere at all')),
      check(asks('SELECT 3')),
    ];
    const at = await migratedDatabase(id);
    const statuses = ['passed', 'errored', 'passed', 'errored', 'passed'];
    const reports = await verify(at, asked);
    expect(reports.map((report) => report.id)).toEqual(asked.map((one) => one.id));
    expect(reports.map(({ status }) => status)).toEqual(statuses);
    const { checks } = await fix(at, asked);
    expect(checks.map(({ status }) => status)).toEqual(statuses);
  });
});
