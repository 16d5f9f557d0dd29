import type { Schema, Table } from '../../src/schema/model.ts';
import type { Random } from '../sample/random.ts';
import { type EditSqlite, editColumn } from './edit-sqlite.ts';

export type Family = 'sqlite' | 'postgresql' | 'mysql';

/** What one sabotage has to choose from. */
export interface Scene {
  readonly family: Family;
  /** The tables of the gateway, as they are. */
  readonly schema: Schema;
  readonly source: Random;
  quote(name: string): string;
}

/** SQL, or an edit of the text SQLite keeps of a table; null where the scene has nothing of the kind. */
export type Deed = {
  readonly title: string;
  readonly sql: readonly string[];
  readonly edit?: EditSqlite;
} | null;
type Sabotage = (scene: Scene) => Deed;

function any<T>(source: Random, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : list[source.below(list.length)];
}

const deed = (title: string, ...sql: string[]): Deed => ({ title, sql });
const tables = ({ schema }: Scene) => [...schema.values()];
const aTable = (scene: Scene, filter: (table: Table) => boolean = () => true) =>
  any(scene.source, tables(scene).filter(filter)) as Table;

/** A column of any table, chosen among those that `filter` keeps. */
function aColumn(scene: Scene, filter: (column: Table['columns'][number], table: Table) => boolean) {
  const found = tables(scene).flatMap((t) =>
    t.columns.filter((column) => filter(column, t)).map((column) => ({ table: t, column })),
  );
  return any(scene.source, found);
}

const q = (scene: Scene, name: string) => scene.quote(name);
const isKey = (table: Table, name: string) => table.primaryKey.includes(name);
const inIndex = (table: Table, name: string) =>
  [...table.uniques, ...table.indexes].some(({ columns }) => columns.includes(name)) ||
  table.foreignKeys.some(({ column }) => column === name);

function alterColumn(scene: Scene, table: string, column: string, type: string, required: boolean): string[] {
  const [t, c] = [q(scene, table), q(scene, column)];
  return scene.family === 'postgresql'
    ? [`ALTER TABLE ${t} ALTER COLUMN ${c} ${required ? 'SET' : 'DROP'} NOT NULL`]
    : [`ALTER TABLE ${t} MODIFY COLUMN ${c} ${type} ${required ? 'NOT NULL' : 'NULL'}`];
}

function trigger(scene: Scene, refuses: boolean): Deed {
  const table = aTable(scene);
  const event = scene.source.pick(['INSERT', 'UPDATE', 'DELETE'] as const);
  const t = q(scene, table.name);
  const title = `a trigger that ${refuses ? 'refuses' : 'does nothing'} on ${event.toLowerCase()} of ${table.name}`;
  switch (scene.family) {
    case 'sqlite':
      return deed(
        title,
        `CREATE TRIGGER site BEFORE ${event} ON ${t} BEGIN SELECT ${refuses ? "RAISE(ABORT, 'no')" : '1'}; END`,
      );
    case 'postgresql':
      return deed(
        title,
        `CREATE FUNCTION site() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${refuses ? "RAISE EXCEPTION 'no';" : ''} RETURN coalesce(NEW, OLD); END $f$`,
        `CREATE TRIGGER site BEFORE ${event} ON ${t} FOR EACH ROW EXECUTE FUNCTION site()`,
      );
    case 'mysql':
      return deed(
        title,
        `CREATE TRIGGER site BEFORE ${event} ON ${t} FOR EACH ROW ${refuses ? "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'" : 'SET @site = 1'}`,
      );
  }
}

/** One of a table's plain indexes, dropped and made again otherwise under the same name. */
function remakeIndex(scene: Scene, how: 'drop' | 'partial' | 'unique' | 'elsewhere'): Deed {
  const table = aTable(scene, ({ indexes }) => indexes.length > 0);
  const index = any(scene.source, table.indexes);
  if (index === undefined) return null;
  const columns = index.columns.map((name) => q(scene, name)).join(', ');
  const other = any(
    scene.source,
    table.columns.filter(({ kind }) => kind === 'boolean' || kind === 'datetime'),
  );
  const [t, i] = [q(scene, table.name), q(scene, index.name)];
  const drop = scene.family === 'mysql' ? `DROP INDEX ${i} ON ${t}` : `DROP INDEX ${i}`;
  const title = `index ${index.name}: ${how}`;
  switch (how) {
    case 'drop':
      return deed(title, drop);
    case 'partial':
      if (scene.family === 'mysql') return null;
      return deed(title, drop, `CREATE INDEX ${i} ON ${t} (${columns}) WHERE 1 = 0`);
    case 'unique':
      return deed(title, drop, `CREATE UNIQUE INDEX ${i} ON ${t} (${columns})`);
    case 'elsewhere':
      if (other === undefined) return null;
      return deed(title, drop, `CREATE INDEX ${i} ON ${t} (${q(scene, other.name)})`);
  }
}

const CHECK = 'ck_email_teams_visibility';

function check(scene: Scene, expression: string | null): Deed {
  const t = q(scene, 'email_teams');
  const title = expression === null ? `${CHECK} is gone` : `${CHECK} is ${expression}`;
  if (scene.family === 'sqlite') {
    const edit: EditSqlite = {
      table: 'email_teams',
      change: (text) =>
        expression === null
          ? text.replace(/,\s*CONSTRAINT ck_email_teams_visibility CHECK \([^)]*\)\)/, '')
          : text.replace(
              /(CONSTRAINT ck_email_teams_visibility CHECK \()[^)]*\)/,
              (_, start) => start + expression,
            ),
    };
    return { title, sql: [], edit };
  }
  return deed(
    title,
    `ALTER TABLE ${t} DROP CONSTRAINT ${CHECK}`,
    ...(expression === null ? [] : [`ALTER TABLE ${t} ADD CONSTRAINT ${CHECK} CHECK (${expression})`]),
  );
}

function addColumn(scene: Scene, rest: string): Deed {
  const table = aTable(scene);
  const title = `${table.name} gets a column of the site's: ${rest}`;
  if (scene.family === 'sqlite') {
    return {
      title,
      sql: [],
      edit: { table: table.name, change: (text) => editColumn.add(text, `site ${rest}`) },
    };
  }
  const add = `ALTER TABLE ${q(scene, table.name)} ADD COLUMN site ${rest}`;
  if (rest.includes('DEFAULT') || !rest.includes('NOT NULL')) return deed(title, add);
  return deed(
    title,
    `${add} DEFAULT 0`,
    `ALTER TABLE ${q(scene, table.name)} ALTER COLUMN site DROP DEFAULT`,
  );
}

function nullability(scene: Scene, required: boolean): Deed {
  const found = aColumn(
    scene,
    (c, t) => c.nullable === required && !isKey(t, c.name) && (required || !inIndex(t, c.name)),
  );
  if (found === undefined) return null;
  const { table, column } = found;
  const title = `${table.name}.${column.name} ${required ? 'may not' : 'may'} be NULL`;
  if (scene.family !== 'sqlite') {
    return deed(title, ...alterColumn(scene, table.name, column.name, column.type, required));
  }
  const change = (text: string) =>
    required
      ? editColumn.append(text, column.name, ' NOT NULL')
      : editColumn.remove(text, column.name, ' NOT NULL');
  return { title, sql: [], edit: { table: table.name, change } };
}

/** A value of a column that no gateway wrote, put into a row that is there or, where it must not be NULL, into all. */
function value(scene: Scene, kind: string, values: readonly [string, ...string[]]): Deed {
  if (scene.family !== 'sqlite') return null;
  const found = aColumn(scene, (c, t) => c.kind === kind && FILLED.has(t.name));
  if (found === undefined) return null;
  const { table, column } = found;
  const set = scene.source.pick(values);
  return deed(
    `${table.name}.${column.name} holds ${set}`,
    `UPDATE ${q(scene, table.name)} SET ${q(scene, column.name)} = ${set} WHERE rowid = (SELECT min(rowid) FROM ${q(scene, table.name)})`,
  );
}

/** Tables that the sample and the migration put rows into. */
const FILLED: ReadonlySet<string> = new Set([
  ...['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents', 'tool_metrics', 'server_metrics'],
  ...['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles', 'email_auth_events'],
]);

const SQL_ROWS: readonly [string, ...string[]] = [
  'UPDATE email_users SET is_active = (1 = 0)',
  'UPDATE email_users SET is_admin = (1 = 0)',
  "UPDATE email_users SET password_hash = 'changeme'",
  'DELETE FROM email_team_members',
  "UPDATE email_team_members SET role = 'member'",
  'UPDATE email_teams SET is_active = (1 = 0)',
  "DELETE FROM user_roles WHERE scope = 'global'",
  "UPDATE roles SET is_active = (1 = 0) WHERE name = 'platform_admin'",
  "UPDATE tools SET visibility = 'Public'",
  "UPDATE tools SET visibility = 'world'",
  'UPDATE prompts SET owner_email = NULL',
  'UPDATE servers SET team_id = NULL',
  "UPDATE alembic_version SET version_num = '1fc1795f6983'",
];

/** Every kind of sabotage; which table, column or row it hits is the seed's to say. */
export const SABOTAGES: readonly Sabotage[] = [
  (scene) => trigger(scene, true),
  (scene) => trigger(scene, false),
  (scene) => addColumn(scene, 'INTEGER NOT NULL'),
  (scene) => addColumn(scene, 'INTEGER NOT NULL DEFAULT 0'),
  (scene) => addColumn(scene, 'INTEGER'),
  (scene) => nullability(scene, true),
  (scene) => nullability(scene, false),
  (scene) => remakeIndex(scene, 'drop'),
  (scene) => remakeIndex(scene, 'partial'),
  (scene) => remakeIndex(scene, 'unique'),
  (scene) => remakeIndex(scene, 'elsewhere'),
  (scene) => check(scene, null),
  (scene) => check(scene, "visibility IN ('private', 'private')"),
  (scene) => check(scene, "visibility IN ('private', 'public') AND name <> slug"),
  function uniqueOnAnother(scene) {
    const found = aColumn(
      scene,
      (c, t) =>
        !isKey(t, c.name) &&
        ['string', 'boolean', 'datetime', 'integer'].includes(c.kind) &&
        (c.length ?? 255) <= 255,
    );
    if (found === undefined) return null;
    const { table, column } = found;
    const where =
      scene.family !== 'mysql' && scene.source.chance(0.3)
        ? ` WHERE ${q(scene, column.name)} IS NOT NULL`
        : '';
    return deed(
      `a unique index on ${table.name}.${column.name}${where}`,
      `CREATE UNIQUE INDEX site ON ${q(scene, table.name)} (${q(scene, column.name)})${where}`,
    );
  },
  function uniqueOnExpression(scene) {
    if (scene.family === 'mysql') return null;
    const table = aTable(scene, (t) => t.columns.some(({ name }) => name === 'name'));
    return deed(
      `a unique index on the length of ${table.name}.name`,
      `CREATE UNIQUE INDEX site ON ${q(scene, table.name)} (length(name))`,
    );
  },
  function extraCheck(scene) {
    const found = aColumn(scene, (c, t) => c.kind === 'string' && c.length !== 36 && !isKey(t, c.name));
    if (found === undefined) return null;
    const { table, column } = found;
    const rule = `length(${column.name}) < 1000 AND ${column.name} <> 'x'`;
    const title = `a check of ${table.name}.${column.name}`;
    if (scene.family === 'sqlite') {
      const change = (text: string) => editColumn.append(text, column.name, ` CHECK (${rule})`);
      return { title, sql: [], edit: { table: table.name, change } };
    }
    return deed(title, `ALTER TABLE ${q(scene, table.name)} ADD CONSTRAINT site CHECK (${rule})`);
  },
  function dropForeignKey(scene) {
    if (scene.family === 'sqlite') return null;
    const table = aTable(scene, ({ foreignKeys }) => foreignKeys.length > 0);
    const key = any(scene.source, table.foreignKeys);
    if (key === undefined) return null;
    const drop = scene.family === 'mysql' ? 'DROP FOREIGN KEY' : 'DROP CONSTRAINT';
    return deed(
      `no foreign key ${table.name}.${key.column}`,
      `ALTER TABLE ${q(scene, table.name)} ${drop} ${q(scene, key.name ?? '')}`,
    );
  },
  function sleepingForeignKeys(scene) {
    if (scene.family !== 'postgresql') return null;
    const table = aTable(scene, ({ foreignKeys }) => foreignKeys.length > 0);
    return deed(
      `${table.name}: all triggers disabled`,
      `ALTER TABLE ${q(scene, table.name)} DISABLE TRIGGER ALL`,
    );
  },
  function extraForeignKey(scene) {
    if (scene.family === 'sqlite') return null;
    const found = aColumn(scene, (c, t) => c.kind === 'string' && !inIndex(t, c.name) && !isKey(t, c.name));
    if (found === undefined) return null;
    const { table, column } = found;
    const [t, c] = [q(scene, table.name), q(scene, column.name)];
    const rest = scene.family === 'postgresql' ? ' NOT VALID' : '';
    return deed(
      `a foreign key on ${table.name}.${column.name}`,
      'CREATE TABLE site_parent (id VARCHAR(255) PRIMARY KEY)',
      ...(scene.family === 'mysql' ? ['SET foreign_key_checks = 0'] : []),
      `ALTER TABLE ${t} ADD CONSTRAINT site FOREIGN KEY (${c}) REFERENCES site_parent (id)${rest}`,
    );
  },
  function narrowed(scene) {
    if (scene.family === 'sqlite') return null;
    const found = aColumn(scene, (c, t) => c.kind === 'string' && !inIndex(t, c.name) && !isKey(t, c.name));
    if (found === undefined) return null;
    const { table, column } = found;
    const [t, c] = [q(scene, table.name), q(scene, column.name)];
    const to = 'VARCHAR(5)';
    return deed(
      `${table.name}.${column.name} holds 5 characters`,
      scene.family === 'postgresql'
        ? `ALTER TABLE ${t} ALTER COLUMN ${c} TYPE ${to} USING left(${c}, 5)`
        : `UPDATE ${t} SET ${c} = left(${c}, 5)`,
      ...(scene.family === 'mysql'
        ? [`ALTER TABLE ${t} MODIFY COLUMN ${c} ${to} ${column.nullable ? 'NULL' : 'NOT NULL'}`]
        : []),
    );
  },
  function lostColumn(scene) {
    const found = aColumn(
      scene,
      (c, t) => !isKey(t, c.name) && !inIndex(t, c.name) && c.name !== 'visibility',
    );
    if (found === undefined) return null;
    const { table, column } = found;
    return deed(
      `${table.name}.${column.name} is gone`,
      `ALTER TABLE ${q(scene, table.name)} DROP COLUMN ${q(scene, column.name)}`,
    );
  },
  function lostTable(scene) {
    const referred = new Set(tables(scene).flatMap(({ foreignKeys }) => foreignKeys.map((key) => key.table)));
    const table = aTable(scene, ({ name }) => !referred.has(name));
    return deed(`${table.name} is gone`, `DROP TABLE ${q(scene, table.name)}`);
  },
  (scene) => value(scene, 'json', ["'{broken'", "''", "'{''a'': 1}'", "x'FF'"]),
  (scene) => value(scene, 'json', ['\'["whole"]\'', '\'{"a": NaN}\'']),
  (scene) =>
    value(scene, 'datetime', [
      "'yesterday'",
      "'2025-02-30 10:00:00'",
      '1750000000',
      "'2025/06/01 10:00:00'",
      "''",
    ]),
  (scene) =>
    value(scene, 'datetime', ["'2025-06-01T10:00:00'", "'2025-06-01'", "'2025-06-01 10:00:00+02:00'"]),
  (scene) => value(scene, 'boolean', ["'true'", "'maybe'", '7']),
  (scene) => value(scene, 'float', ["'quick'", "x'00'"]),
  (scene) => value(scene, 'integer', ["'one'", '1.5']),
  (scene) => value(scene, 'string', ["x'616263'"]),
  ({ source }) => {
    const sql = source.pick(SQL_ROWS);
    return deed(sql, sql);
  },
  ({ source }) => {
    const sql = source.pick(SQL_ROWS);
    return deed(sql, sql);
  },
];
