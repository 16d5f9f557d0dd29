import { sql } from 'kysely';
import type { Column, ColumnKind, ForeignKey, Schema, Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import { GATEWAY_LIST } from '../site-object.ts';

interface ColumnRow {
  table_name: string;
  column_name: string;
  type: string;
  nullable: boolean;
  column_default: string | null;
  identity: boolean;
}

interface IndexRow {
  table_name: string;
  index_name: string;
  is_unique: boolean;
  is_primary: boolean;
  is_constraint: boolean;
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
  validated: boolean;
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
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
  const kind = KINDS[row.type] ?? KINDS[base] ?? 'unknown';
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
           a.attidentity <> '' AS identity
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE ${VISIBLE} ORDER BY c.oid, a.attnum`);
  const indexes = await db.query<IndexRow>(sql`
    SELECT t.relname AS table_name, i.relname AS index_name, x.indisunique AS is_unique,
           x.indisprimary AS is_primary, k.oid IS NOT NULL AS is_constraint,
           ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY AS p(attnum, place)
                 LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum
                 WHERE p.place <= x.indnkeyatts ORDER BY p.place) AS columns
    FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = t.oid AND k.contype IN ('u', 'p')
    WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND x.indpred IS NULL AND x.indisvalid
    ORDER BY x.indexrelid`);
  const constraints = await db.query<ConstraintRow>(sql`
    SELECT t.relname AS table_name, k.conname AS name, k.contype AS type, p.relname AS parent,
           k.confdeltype AS on_delete, k.convalidated AS validated,
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
      });
    }
  }
  for (const row of indexes) {
    const table = schema.get(row.table_name);
    const names = row.columns.filter((name) => name !== null);
    // Indexes on expressions are kept but not compared.
    if (table === undefined || names.length !== row.columns.length) continue;
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
      schema.set(table.name, { ...table, checks: [...table.checks, { name: row.name, expression: null }] });
    } else {
      const key: ForeignKey = {
        name: row.name,
        column: row.columns.join(','),
        table: row.parent ?? '',
        references: row.parent_columns?.join(',') ?? '',
        onDelete: row.on_delete === 'c' ? 'CASCADE' : row.on_delete === 'n' ? 'SET NULL' : null,
        validated: row.validated,
      };
      schema.set(table.name, { ...table, foreignKeys: [...table.foreignKeys, key] });
    }
  }
  return schema;
}
