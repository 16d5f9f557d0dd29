import { sql } from 'kysely';
import {
  type Column,
  type ColumnKind,
  type Extra,
  type ForeignKey,
  PARTLY,
  type Schema,
  type Table,
} from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import { GATEWAY_LIST } from '../site-object.ts';

interface ColumnRow {
  table_name: string;
  column_name: string;
  type: string;
  nullable: boolean;
  column_default: string | null;
  identity: boolean;
  generated: boolean;
}

interface IndexRow {
  table_name: string;
  index_name: string;
  is_unique: boolean;
  is_primary: boolean;
  is_constraint: boolean;
  partly: boolean;
  columns: (string | null)[];
}

interface ConstraintRow {
  table_name: string;
  name: string;
  type: 'f' | 'c';
  columns: string[];
  parent: string | null;
  parent_columns: string[] | null;
  on_delete: string;
  expression: string | null;
  validated: boolean;
  enforced: boolean;
}

interface ExtraRow extends Extra {
  table_name: string;
}

/** Tables of the schema that unqualified names are made and found in. */
const HERE = "t.relnamespace = quote_ident(current_schema())::regnamespace AND t.relkind IN ('r', 'p')";

/** An index that holds for all rows and over plain columns, as those of the gateway do. */
export const WHOLE_INDEX = `x.indpred IS NULL AND x.indisvalid AND x.indexprs IS NULL AND NOT x.indisexclusion
  AND to_jsonb(x)->>'indnullsnotdistinct' IS DISTINCT FROM 'true'`;

/** PostgreSQL 18 knows constraints that hold nobody to anything. */
export const ENFORCED = "to_jsonb(k)->>'conenforced' IS DISTINCT FROM 'false'";

/** A foreign key that rows which come are held to: its triggers are on. */
export const HELD_KEY = `${ENFORCED}
  AND NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled IN ('D', 'R'))`;

/** What is beside the gateway's own on a table (see `Extra`). */
export const POSTGRESQL_EXTRAS = `
  SELECT t.relname AS table_name, 'trigger' AS kind, g.tgname AS name,
         p.prosrc ~* '\\mraise\\s+(?!debug|log|info|notice|warning)'
           OR (g.tgtype & 3 = 3 AND p.prosrc ~* '\\mreturn\\s+null') AS rejects
  FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
  WHERE ${HERE} AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
  UNION ALL
  SELECT t.relname, 'rule', r.rulename, r.is_instead
  FROM pg_rewrite r JOIN pg_class t ON t.oid = r.ev_class
  WHERE ${HERE} AND r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')
  UNION ALL
  SELECT t.relname, 'exclusion constraint', k.conname, true
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid WHERE ${HERE} AND k.contype = 'x'`;

export const POSTGRESQL_KINDS: Readonly<Record<string, ColumnKind>> = {
  'character varying': 'string',
  character: 'string',
  text: 'text',
  json: 'json',
  jsonb: 'json',
  boolean: 'boolean',
  'timestamp with time zone': 'datetime',
  'timestamp without time zone': 'naive-datetime',
  integer: 'integer',
  bigint: 'bigint',
  'double precision': 'float',
  real: 'float',
  numeric: 'float',
  bytea: 'blob',
};

function columnFrom(row: ColumnRow): Column {
  const [, base = row.type, length] = /^([a-z ]+?)(?:\((\d+)\))?(?: with.*)?$/.exec(row.type) ?? [];
  const kind = POSTGRESQL_KINDS[row.type] ?? POSTGRESQL_KINDS[base] ?? 'other';
  const counts = row.identity || (row.column_default?.startsWith('nextval(') ?? false);
  return {
    name: row.column_name,
    kind,
    length: length === undefined ? null : Number(length),
    unbounded: kind === 'string' && length === undefined,
    nullable: row.nullable,
    // `'private'::character varying` is the constant with the type PostgreSQL gave it.
    default: counts ? null : (row.column_default?.replace(/::[a-z ]+(\(\d+\))?$/, '') ?? null),
    autoincrement: counts,
    type: row.type,
    collation: null,
    fill: null,
    generated: row.generated,
  };
}

/**
 * Tables `c` of the first schema in the search path, where unqualified names are made and found. Those of somebody
 * else that this user may not read, or not whole, are left alone; of the gateway's own that must come out.
 */
const VISIBLE = sql`c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname IN (${sql.raw(GATEWAY_LIST)})
       OR (has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)))`;

/** Reads the visible tables. */
export async function readPostgresqlSchema(db: Connection): Promise<Schema> {
  const columns = await db.query<ColumnRow>(sql`
    SELECT c.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS column_default,
           a.attidentity <> '' AS identity, a.attgenerated <> '' AS generated
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE ${VISIBLE} ORDER BY c.oid, a.attnum`);
  const indexes = await db.query<IndexRow>(sql`
    SELECT t.relname AS table_name, i.relname AS index_name, x.indisunique AS is_unique,
           x.indisprimary AS is_primary, k.oid IS NOT NULL AS is_constraint,
           NOT (${sql.raw(WHOLE_INDEX)}) AS partly,
           ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY AS p(attnum, place)
                 LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum
                 WHERE p.place <= x.indnkeyatts ORDER BY p.place) AS columns
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = t.oid AND k.contype IN ('u', 'p')
    WHERE t.relnamespace = quote_ident(current_schema())::regnamespace
    ORDER BY x.indexrelid`);
  const constraints = await db.query<ConstraintRow>(sql`
    SELECT t.relname AS table_name, k.conname AS name, k.contype AS type, p.relname AS parent,
           k.confdeltype AS on_delete, k.convalidated AS validated, pg_get_expr(k.conbin, k.conrelid) AS expression,
           CASE k.contype WHEN 'f' THEN ${sql.raw(HELD_KEY)} ELSE ${sql.raw(ENFORCED)} END AS enforced,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY place) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, place)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY place)
             AS parent_columns
    FROM pg_constraint k
    JOIN pg_class t ON t.oid = k.conrelid
    LEFT JOIN pg_class p ON p.oid = k.confrelid
    WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND k.contype IN ('f', 'c')
    ORDER BY k.oid`);
  const extras = await db.query<ExtraRow>(sql`${sql.raw(POSTGRESQL_EXTRAS)}`);
  const schema = new Map<string, Table>();
  for (const row of columns) {
    const known = schema.get(row.table_name);
    const column = columnFrom(row);
    if (known !== undefined) (known.columns as Column[]).push(column);
    else {
      schema.set(row.table_name, {
        name: row.table_name,
        columns: [column],
        primaryKey: [],
        uniques: [],
        indexes: [],
        foreignKeys: [],
        checks: [],
        extras: extras.filter((extra) => extra.table_name === row.table_name),
      });
    }
  }
  for (const row of indexes) {
    const table = schema.get(row.table_name);
    if (table === undefined) continue;
    const names = [...row.columns.map((name) => name ?? PARTLY), ...(row.partly ? [PARTLY] : [])];
    if (row.is_primary) schema.set(table.name, { ...table, primaryKey: names });
    else if (row.is_unique) {
      const unique = { name: row.index_name, columns: names, constraint: row.is_constraint };
      schema.set(table.name, { ...table, uniques: [...table.uniques, unique] });
    } else {
      schema.set(table.name, {
        ...table,
        indexes: [...table.indexes, { name: row.index_name, columns: names }],
      });
    }
  }
  for (const row of constraints) {
    const table = schema.get(row.table_name);
    if (table === undefined) continue;
    if (row.type === 'c') {
      const check = { name: row.name, expression: row.enforced ? (row.expression ?? '') : '' };
      schema.set(table.name, { ...table, checks: [...table.checks, check] });
    } else {
      const key: ForeignKey = {
        name: row.name,
        column: row.columns.join(','),
        table: row.parent ?? '',
        references: row.parent_columns?.join(',') ?? '',
        onDelete: row.on_delete === 'c' ? 'CASCADE' : row.on_delete === 'n' ? 'SET NULL' : null,
        validated: row.validated && row.enforced,
        unenforced: !row.enforced,
      };
      schema.set(table.name, { ...table, foreignKeys: [...table.foreignKeys, key] });
    }
  }
  return schema;
}
