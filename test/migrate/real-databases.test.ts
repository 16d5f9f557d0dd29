import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Upgraded } from '../../src/migrate/upgrade.ts';
import { countOrphans } from '../../src/ownership/orphans.ts';
import { LEFTOVER_COPIES, OWNED_TABLES, VERSION_TABLE } from '../../src/schema/gateway-tables.ts';
import type { Schema } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { freshSchema } from '../support/fresh-schema.ts';
import { mayWrite } from '../support/may-write.ts';
import { migrate } from '../support/migrate.ts';
import { REAL_DATABASES, realDumps } from '../support/real-dumps.ts';
import { schemaShape, type TableShape } from '../support/schema-shape.ts';
import { databaseContent, type Rows } from '../support/table-content.ts';

const STATES: Readonly<Record<string, string>> = {
  'v0.6.0-small': 'v0.6.0',
  'v0.6.0-real': 'v0.6.0',
  'v0.6.0-crashed-upgrade': 'crashed-upgrade',
  'v0.7.0-upgraded-small': 'upgraded-by-gateway',
  'v0.7.0-upgraded-real': 'upgraded-by-gateway',
  'v0.7.0-fresh': 'v0.7.0',
};

interface Snapshot {
  readonly schema: Schema;
  readonly content: ReadonlyMap<string, Rows>;
}

const snapshot = (database: TestDatabase): Promise<Snapshot> =>
  connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    return { schema, content: await databaseContent(db, schema) };
  });

describe.skipIf(REAL_DATABASES === undefined)('real databases (needs MCPGW_REAL_DATABASES)', () => {
  const dumps = realDumps();

  test('every state has a dump for every dialect', () => {
    for (const dialect of ['sqlite', 'postgresql', 'mysql']) {
      const states = dumps.filter(({ kind }) => kind.dialect === dialect).map(({ state }) => state);
      expect([...new Set(states)].toSorted()).toEqual(Object.keys(STATES).toSorted());
    }
  });

  for (const { kind, state, path } of dumps) {
    describe.skipIf(!kind.available)(`${state} on ${kind.id}`, () => {
      let database: TestDatabase;
      let before: Snapshot;
      let result: Upgraded;
      let after: Snapshot;

      beforeAll(async () => {
        database = await createDatabase(kind.id);
        await database.load(path);
        before = await snapshot(database);
        result = await migrate(database);
        after = await snapshot(database);
      });
      afterAll(() => database?.drop());

      test('is recognised and migrated', async () => {
        expect(result.plan.state.kind).toBe(STATES[state]);
        expect(result.warnings.filter((warning) => !/granted by somebody/.test(`${warning}`))).toEqual([]);
        expect(await database.query('SELECT version_num FROM alembic_version')).toBe('e182847d89e6');
        for (const copy of LEFTOVER_COPIES.keys()) expect(after.schema.has(copy)).toBe(false);
      });

      test('has the schema of a database made from nothing', async () => {
        const wanted = await freshSchema(kind.id);
        if (state.startsWith('v0.6.0')) expect(ownShape(after.schema)).toEqual(ownShape(wanted));
        else expect(missingRules(after.schema, wanted)).toEqual([]);
      });

      test('keeps every value that is not the migration’s to change', () => {
        expect(changedValues(before, after)).toEqual([]);
      });

      test('gives every row an owner', async () => {
        await connect(database, async (db) => {
          for (const table of OWNED_TABLES) {
            expect({ [table.name]: await countOrphans(db, table) }).toEqual({
              [table.name]: { neither: 0, ownerOnly: 0, teamOnly: 0 },
            });
            if (!state.startsWith('v0.6.0')) continue;
            const values = await db.query(
              sql`SELECT DISTINCT owner_email, visibility FROM ${sql.table(table.name)}`,
            );
            const rows = before.content.get(table.name)?.size ?? 0;
            expect(values).toEqual(
              rows === 0 ? [] : [{ owner_email: 'admin@corp.example.com', visibility: 'public' }],
            );
          }
        });
      });

      test('a second run writes nothing', async () => {
        const statements: string[] = [];
        const again = await migrate(database, { onStatement: (text) => statements.push(text) });
        expect(again.changed).toBe(false);
        expect(
          again.plan.steps.filter((step) => step.statements.length > 0 || step.checksum !== null),
        ).toEqual([]);
        expect(statements.length).toBeGreaterThan(0);
        expect(statements.filter(mayWrite)).toEqual([]);
        expect(await snapshot(database)).toEqual(after);
      });
    });
  }
});

/** MySQL names the checks of JSON columns in a dump of MariaDB, which it has no need of itself. */
function ownShape(schema: Schema): Record<string, TableShape> {
  return Object.fromEntries(
    Object.entries(schemaShape(schema)).map(([name, shape]) => [
      name,
      { ...shape, checks: shape.checks.filter((check) => !/_chk_\d+$/.test(check)) },
    ]),
  );
}

/**
 * What one schema lacks of another. The gateway's own upgrade names some uniques and indexes otherwise, adds
 * defaults, and makes indexes of its own: those are left alone.
 */
function missingRules(schema: Schema, wanted: Schema): string[] {
  const withoutDefaults = (text: string) => text.replace(/ DEFAULT .*(?= AUTO)| DEFAULT .*/, '');
  const byColumns = (text: string) => text.replace(/^\S+ /, '').split(',').toSorted().join(',');
  const missing: string[] = [];
  const [shapes, targets] = [schemaShape(schema), schemaShape(wanted)];
  for (const [name, target] of Object.entries(targets)) {
    const shape = shapes[name];
    const lacks = (part: keyof TableShape, spelled = (text: string) => text) => {
      const has = new Set(shape?.[part].map(spelled));
      missing.push(
        ...target[part].filter((text) => !has.has(spelled(text))).map((text) => `${name}: ${text}`),
      );
    };
    lacks('columns', withoutDefaults);
    lacks('primaryKey');
    lacks('foreignKeys');
    lacks('checks');
    lacks('indexes', byColumns);
    lacks('uniques', (text) => (text.startsWith('uq_team_owner_') ? text : byColumns(text)));
    for (const text of shape?.uniques.filter((u) => !u.startsWith('uq_team_owner_')) ?? []) {
      const known = target.uniques.some((u) => byColumns(u) === byColumns(text));
      if (!known) missing.push(`${name}: unique too many: ${text}`);
    }
  }
  return missing;
}

/** Values of rows that were there before and differ now, other than those a migration is there to change. */
function changedValues(before: Snapshot, after: Snapshot): string[] {
  const changed: string[] = [];
  let compared = 0;
  for (const [name, rows] of before.content) {
    if (LEFTOVER_COPIES.has(name) || name === VERSION_TABLE) continue;
    for (const [key, row] of rows) {
      const now = after.content.get(name)?.get(key);
      if (now === undefined) changed.push(`${name} ${key} is gone`);
      for (const [column, value] of Object.entries(row)) {
        compared++;
        if (now !== undefined && now[column] !== value && !mayChange(name, column, row)) {
          changed.push(`${name} ${key}: ${column} was ${value}, is ${now[column]}`);
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(0);
  return changed;
}

function mayChange(table: string, column: string, before: Readonly<Record<string, string | null>>): boolean {
  if (table === 'tools' && column === 'display_name') return before.display_name === null;
  if (OWNED_TABLES.some(({ name }) => name === table)) {
    if (column === 'team_id' || column === 'owner_email') return before[column] === null;
    if (column === 'visibility') return before.team_id === null && before.owner_email === null;
  }
  if (table === 'email_teams' && column === 'visibility') return before.visibility === 'team';
  return table === 'user_roles' && column === 'granted_by' && before.granted_by === 'system';
}
