import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import type { GatewayError } from '../../src/errors.ts';
import { REVISION } from '../../src/migrate/state.ts';
import { LEFTOVER_COPIES, VERSION_TABLE } from '../../src/schema/gateway-tables.ts';
import type { Column, Schema } from '../../src/schema/model.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId, TestDialect } from '../support/database-kinds.ts';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { insertRow } from '../support/insert-row.ts';
import { mayWrite } from '../support/may-write.ts';
import { migrate } from '../support/migrate.ts';
import { REAL_DATABASES, realDumps } from '../support/real-dumps.ts';
import { rollback, rollingBack } from '../support/rollback.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { databaseContent, type Rows } from '../support/table-content.ts';
import { v060Database } from '../support/template.ts';
import { ADMIN } from '../support/test-settings.ts';

interface Snapshot {
  readonly schema: Schema;
  readonly content: ReadonlyMap<string, Rows>;
}

const snapshot = (database: TestDatabase): Promise<Snapshot> =>
  connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    return { schema, content: await databaseContent(db, schema) };
  });

/** Everything introspection tells, other than how the text of a SQLite table is laid out. */
function described({ schema, content }: Snapshot) {
  const exact = ({ name, type, length, nullable, default: byDefault, collation }: Column) =>
    `${name} ${type.toLowerCase()} ${length} ${nullable} ${byDefault} ${collation}`;
  const columns = [...schema.values()].map((t) => [t.name, t.columns.map(exact)] as const);
  return { shape: schemaShape(schema), columns: new Map(columns), content };
}

async function emptyDatabase(id: DatabaseId): Promise<TestDatabase> {
  const database = await createDatabase(id);
  onTestFinished(() => database.drop());
  return database;
}

/** A v0.6.0 database as it was, and migrated. */
async function migrated(id: DatabaseId): Promise<{ database: TestDatabase; before: Snapshot }> {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  const before = await snapshot(database);
  await migrate(database);
  return { database, before };
}

const insert = (database: TestDatabase, table: string, row: Readonly<Record<string, unknown>>) =>
  connect(database, async (db) => insertRow(db, await db.dialect.readSchema(db), table, row));

async function refusal(run: Promise<unknown>): Promise<GatewayError> {
  return run.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as GatewayError,
  );
}

describeEachDatabase('rollback', ({ id, dialect }) => {
  test('leaves the database as it was before migrate, and migrate upgrades it again', async () => {
    const { database, before } = await migrated(id);
    const upgraded = await snapshot(database);
    const result = await rollback(database);
    expect(result.changed).toBe(true);
    expect(result.plan.losses).toEqual([]);
    expect(described(await snapshot(database))).toEqual(described(before));

    expect((await migrate(database)).changed).toBe(true);
    expect(schemaShape((await snapshot(database)).schema)).toEqual(schemaShape(upgraded.schema));
  });

  test('at v0.6.0 there is nothing to do, and nothing is written or asked', async () => {
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    const statements: string[] = [];
    const result = await rollback(database, {
      context: { confirm: () => Promise.reject(new Error('asked')) },
      onStatement: (text) => statements.push(text),
    });
    expect(result).toMatchObject({ changed: false, steps: [{ id: 'revision', status: 'already' }] });
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.filter(mayWrite)).toEqual([]);
  });

  test('an empty database is refused', async () => {
    const error = await refusal(rollback(await emptyDatabase(id)));
    expect(error).toMatchObject({ code: 'STATE', exitCode: 2 });
  });

  test('refuses to lose users, teams, tokens …, names them, and does it when told to', async () => {
    const { database, before } = await migrated(id);
    const no = dialect === 'postgresql' ? false : 0;
    await insert(database, 'email_users', { email: 'bob@corp.example.com', is_admin: no });
    await insert(database, 'email_teams', {
      id: 'team-2',
      name: 'Red',
      slug: 'red',
      created_by: ADMIN.email,
      is_personal: no,
      visibility: 'private',
    });
    await insert(database, 'email_api_tokens', {
      id: 'token',
      user_email: ADMIN.email,
      team_id: null,
      server_id: null,
    });
    await insert(database, 'roles', { id: 'role-x', name: 'auditor', created_by: ADMIN.email });
    // The administrator's own log is no loss.
    await insert(database, 'email_auth_events', { user_email: ADMIN.email, event_type: 'login' });
    const upgraded = described(await snapshot(database));
    const error = await refusal(rollback(database));
    expect(error).toMatchObject({ code: 'PREFLIGHT', exitCode: 2 });
    expect(error.details.toSorted()).toEqual([
      'email_api_tokens: 1 row beyond the seeded ones',
      'email_teams: 1 row beyond the seeded ones',
      'email_users: 1 row beyond the seeded ones',
      'roles: 1 row beyond the seeded ones',
    ]);
    expect(`${error.hint}`).toContain('--discard-new-data');
    expect(described(await snapshot(database))).toEqual(upgraded);

    const result = await rollback(database, { context: { discardNewData: true } });
    expect(result.plan.losses).toContainEqual({ table: 'email_users', rows: 1 });
    expect(described(await snapshot(database))).toEqual(described(before));
  });

  test('rows that v0.6.0 does not allow are reported one by one, and nothing is written', async () => {
    const { database } = await migrated(id);
    for (const n of [1, 2]) {
      await insert(database, 'servers', {
        id: `twin-${n}`,
        name: 'Twin',
        owner_email: `o${n}@x.yz`,
        team_id: null,
      });
      await insert(database, 'gateways', {
        id: `gate-${n}`,
        slug: `s${n}`,
        url: 'http://same/',
        team_id: null,
      });
    }
    const upgraded = described(await snapshot(database));
    const statements: string[] = [];
    const error = await refusal(
      rollback(database, {
        context: { discardNewData: true },
        onStatement: (text) => statements.push(text),
      }),
    );
    expect(error).toMatchObject({ code: 'PREFLIGHT', exitCode: 2 });
    expect(error.details).toEqual([
      'servers.name is unique in v0.6.0, but 2 rows share 1 value:',
      '  servers twin-1: “Twin”',
      '  servers twin-2: “Twin”',
      'gateways.url is unique in v0.6.0, but 2 rows share 1 value:',
      '  gateways gate-1: “http://same/”',
      '  gateways gate-2: “http://same/”',
    ]);
    expect(statements.filter(mayWrite)).toEqual([]);
    expect(described(await snapshot(database))).toEqual(upgraded);
  });

  test('says which rows v0.6.0 shows to more people', async () => {
    const { database } = await migrated(id);
    await connect(database, (db) => db.query(sql`UPDATE tools SET visibility = 'private' WHERE id = 't1'`));
    const result = await rollback(database);
    expect(result.warnings).toEqual([
      expect.stringContaining('tools: 1 rows are for their owner or team only'),
    ]);
  });

  test('a plan is what runs, and a no stops it', async () => {
    const { database } = await migrated(id);
    const planned = await connect(
      database,
      async (db) => {
        await db.dialect.beginRead(db);
        const plan = await rollingBack(database).plan(db, { purpose: 'show' });
        await db.dialect.endRead(db);
        return plan.steps.flatMap((step) => step.statements.map((statement) => statement.sql));
      },
      { access: 'read' },
    );
    const refused = await refusal(rollback(database, { context: { confirm: async () => false } }));
    expect(refused.code).toBe('CANCELLED');
    const statements: string[] = [];
    await rollback(database, { onStatement: (text) => statements.push(text) });
    expect(planned.length).toBeGreaterThan(20);
    expect(statements.filter((text) => planned.includes(text))).toEqual(planned);
    expect(planned.at(-1)).toContain('alembic_version');
  });

  test('interrupted anywhere, it goes on: back to v0.6.0, or forward again', async () => {
    const { database, before } = await migrated(id);
    const upgraded = await snapshot(database);
    let total = 0;
    await rollback(database, { wrap: (db) => countingDown(db, Number.POSITIVE_INFINITY, () => total++) });
    await migrate(database);
    const cuts = dialect === 'mysql' ? [1, 9, 31, total - 1] : [1, total - 1];
    for (const [i, cut] of cuts.entries()) {
      const error = await refusal(rollback(database, { wrap: (db) => countingDown(db, cut) }));
      if (dialect === 'mysql') {
        expect(error).toMatchObject({ code: 'PARTIAL', exitCode: 3 });
        expect(`${error.hint}`).toMatch(/To go on, run: mcpgw rollback$/);
        expect(await database.query('SELECT version_num FROM alembic_version')).toBe(REVISION.v070);
      } else {
        expect(error.message).toBe('cut');
        expect((await snapshot(database)).schema.has('email_users')).toBe(true);
      }
      if (i % 2 === 0) {
        await rollback(database);
        expect(described(await snapshot(database))).toEqual(described(before));
      }
      await migrate(database);
      expect(schemaShape((await snapshot(database)).schema)).toEqual(schemaShape(upgraded.schema));
    }
  });

  test('the first Ctrl-C stops it before the next statement', async () => {
    const { database, before } = await migrated(id);
    const stop = new AbortController();
    let n = 0;
    const error = await refusal(
      rollback(database, {
        context: { signal: stop.signal },
        wrap: (db) => countingDown(db, Number.POSITIVE_INFINITY, () => ++n === 5 && stop.abort('SIGINT')),
      }),
    );
    expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(`${error.hint}`).toContain('mcpgw rollback');
    await rollback(database);
    expect(described(await snapshot(database))).toEqual(described(before));
  });
});

/** A connection that breaks instead of running the statement after `after` of a plan. */
function countingDown(db: Connection, after: number, onRun: () => unknown = () => {}): Connection {
  let n = 0;
  return {
    ...db,
    async run(statement) {
      if (!/^(ALTER|CREATE|DROP|INSERT|UPDATE|DELETE) /i.test(statement.sql)) return db.run(statement);
      if (n++ >= after) throw new Error('cut');
      onRun();
      return db.run(statement);
    },
  };
}

interface ReferenceTable {
  readonly columns: Readonly<Record<string, { readonly type: string; readonly nullable: boolean }>>;
  readonly primary_key: readonly string[];
  readonly foreign_keys: readonly { readonly columns: readonly string[]; readonly references: string }[];
  readonly unique: readonly { readonly name: string | null; readonly columns: readonly string[] }[];
}

/** What the reference of v0.6.0 says of each table; types only where v0.6.0 chooses them. */
function reference(dialect: TestDialect): Record<string, unknown> {
  const path = join(REAL_DATABASES ?? '', '..', 'reference', `v0.6.0.${dialect}.json`);
  const tables: Record<string, ReferenceTable> = JSON.parse(readFileSync(path, 'utf8'));
  return Object.fromEntries(
    Object.entries(tables).map(([name, t]) => [
      name,
      {
        columns: Object.entries(t.columns)
          .map(([column, { type, nullable }]) => `${column} ${spelled(type, dialect)} ${nullable}`)
          .toSorted(),
        primaryKey: t.primary_key,
        foreignKeys: t.foreign_keys.map((k) => `${k.columns} → ${k.references}`).toSorted(),
        uniques: t.unique.map((u) => `${u.name} (${u.columns})`).toSorted(),
      },
    ]),
  );
}

function likeReference(schema: Schema, dialect: TestDialect): Record<string, unknown> {
  return Object.fromEntries(
    [...schema.values()].map((t) => [
      t.name,
      {
        columns: t.columns
          .map(({ name, type, nullable }) => `${name} ${spelled(type, dialect)} ${nullable}`)
          .toSorted(),
        primaryKey: t.primaryKey,
        foreignKeys: t.foreignKeys.map((k) => `${k.column} → ${k.table}(${k.references})`).toSorted(),
        uniques: t.uniques.map((u) => `${u.name} (${u.columns})`).toSorted(),
      },
    ]),
  );
}

function spelled(type: string, dialect: TestDialect): string {
  if (dialect === 'mysql') return '';
  return type.toUpperCase().replace('CHARACTER VARYING', 'VARCHAR');
}

describe.skipIf(REAL_DATABASES === undefined)(
  'rollback of real databases (needs MCPGW_REAL_DATABASES)',
  () => {
    for (const { kind, state, path } of realDumps()) {
      test.skipIf(!kind.available)(`${state} on ${kind.id}`, async () => {
        const database = await emptyDatabase(kind.id);
        await database.load(path);
        const original = await snapshot(database);
        if (state.startsWith('v0.6.0')) await migrate(database);
        // What others made of a v0.7.0 database is not always what this settings' administrator would be seeded.
        await rollback(database, { context: { discardNewData: state.startsWith('v0.7.0') } });
        const after = await snapshot(database);
        expect(likeReference(after.schema, kind.dialect)).toEqual(reference(kind.dialect));
        for (const table of after.schema.values())
          expect(table.checks.every((c) => !c.name.startsWith('ck_'))).toBe(true);
        if (state === 'v0.6.0-small' || state === 'v0.6.0-real') {
          expect(described(after)).toEqual(described(original));
        } else expect(changedValues(original, after)).toEqual([]);

        await migrate(database);
        expect(await database.query('SELECT version_num FROM alembic_version')).toBe(REVISION.v070);
        await rollback(database);
        expect(described(await snapshot(database))).toEqual(described(after));
      });
    }
  },
);

/** Values in the columns of v0.6.0 that are not what they were. */
function changedValues(before: Snapshot, after: Snapshot): string[] {
  const changed: string[] = [];
  for (const [name, rows] of after.content) {
    if (name === VERSION_TABLE || LEFTOVER_COPIES.has(name)) continue;
    expect(rows.size).toBe(before.content.get(name)?.size);
    for (const [key, row] of rows) {
      for (const [column, value] of Object.entries(row)) {
        if (before.content.get(name)?.get(key)?.[column] !== value) changed.push(`${name} ${key} ${column}`);
      }
    }
  }
  return changed;
}
