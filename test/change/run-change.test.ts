import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Change, Planned, Surroundings } from '../../src/change/change.ts';
import { runChange } from '../../src/change/run-change.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { mcpgw } from '../../src/report/advice.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { surroundings } from '../support/surroundings.ts';

const namesIn = async (db: Connection) =>
  (await db.query<{ name: string }>(sql`SELECT name FROM tools ORDER BY id`)).map(({ name }) => name);

/** A small change: `tool-1` and `tool-2` get other names, and the plan for the second is made behind the first. */
function renaming(calls: string[], seen = true): Change<Planned> {
  return {
    what: 'The renaming',
    command: mcpgw('verify'),
    reading: 'Reading the tools',
    needsOwner: false,
    now: new Date(),
    async plan(db, { purpose }) {
      calls.push(purpose);
      const steps = (await namesIn(db))
        .filter((name) => name.startsWith('tool-'))
        .map((name) => ({
          id: name,
          title: `Rename ${name}`,
          statements: [statement('UPDATE tools SET name = ? WHERE name = ?', [`new-${name}`, name])],
          early: name === 'tool-1',
        }));
      return { schema: await db.dialect.readSchema(db), steps, warnings: ['Planned.'] };
    },
    async check(db) {
      calls.push(`check ${await namesIn(db)}`);
      return { rows: [], warnings: ['Checked.'] };
    },
    async look(db) {
      calls.push(`look ${await namesIn(db)}`);
      return seen;
    },
  };
}

function run(
  at: MigratedDatabase,
  calls: string[],
  more: Partial<Surroundings<Planned>> = {},
  change = renaming(calls),
) {
  const around = {
    ...surroundings(at.withConnection),
    confirm: async ({ steps }: Planned) => calls.push(`confirm ${steps.map(({ id }) => id)}`) > 0,
    beforeWriting: async () => void calls.push('back up'),
    ...more,
  };
  return at.withConnection((db) => runChange(db, change, around));
}

test('plans, asks, backs up, plans behind the locks, runs, checks and looks again, in this order', async () => {
  const at = await migratedDatabase('sqlite');
  const calls: string[] = [];
  const ran = await run(at, calls);
  expect(calls).toEqual([
    'outline',
    'confirm tool-1,tool-2',
    'back up',
    'run',
    // Behind the early step.
    'run',
    'check new-tool-1,new-tool-2',
    'look new-tool-1,new-tool-2',
  ]);
  expect(ran).toMatchObject({ changed: true, seen: true, warnings: ['Planned.', 'Checked.'] });
  expect(ran.steps.map(({ id, status }) => [id, status])).toEqual([
    ['tool-1', 'done'],
    ['tool-2', 'done'],
  ]);

  calls.length = 0;
  expect(await run(at, calls)).toMatchObject({ changed: false, seen: null, steps: [] });
  expect(new Set(calls)).toEqual(new Set(['outline']));
});

test('without a yes, and with an error on the way, nothing is changed', async () => {
  const at = await migratedDatabase('sqlite');
  const calls: string[] = [];
  await expect(run(at, calls, { confirm: async () => false })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(calls).toEqual(['outline']);
  const refused = { ...renaming(calls), check: () => Promise.reject(new Error('not as wanted')) };
  await expect(run(at, calls, {}, refused)).rejects.toThrow('not as wanted');
  expect(await at.withConnection(namesIn)).toEqual(['tool-1', 'tool-2']);
});

test('what another connection does not find is no success', async () => {
  const at = await migratedDatabase('sqlite');
  const calls: string[] = [];
  await expect(run(at, calls, {}, renaming(calls, false))).rejects.toMatchObject({
    code: 'PARTIAL',
    message: 'The renaming went through, and another connection does not find it.',
  });
});
