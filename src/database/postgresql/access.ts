import { sql } from 'kysely';
import type { Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import type { MissingAccess } from '../dialect.ts';
import { quotePostgresql as q } from './ddl.ts';

interface AccessRow extends Omit<MissingAccess, 'statements'> {
  /** To whom this user may give the table that it is going to make: the owner of `tools`, when that is another. */
  readonly heir: string | null;
}

/** See `Dialect.missingAccess`. A new table is given to the owner of `tools`, its sequence with it. */
export async function missingPostgresqlAccess(
  db: Connection,
  tables: readonly Table[],
): Promise<readonly MissingAccess[]> {
  const here = sql`quote_ident(current_schema())::regnamespace`;
  const rows = await db.query<AccessRow>(sql`
    SELECT t.name AS table, w.who, string_agg(a.privilege_type, ', ') AS privileges,
           coalesce(pg_has_role(c.relowner, 'USAGE'), true) AS mine, CASE WHEN c.oid IS NULL THEN h.heir END AS heir
    FROM pg_class o
    JOIN unnest(ARRAY[${sql.join(tables.map(({ name }) => name))}]::text[]) AS t(name) ON true
    LEFT JOIN pg_class c ON c.relnamespace = ${here} AND c.relname = t.name
    LEFT JOIN LATERAL (
      SELECT r.rolname AS heir FROM pg_roles r JOIN pg_roles me ON me.rolname = current_user
      WHERE r.oid = o.relowner AND r.oid <> me.oid AND (me.rolsuper OR
        (pg_has_role(r.oid, 'MEMBER') AND has_schema_privilege(r.oid, current_schema(), 'CREATE')))) h ON true
    CROSS JOIN LATERAL aclexplode(coalesce(o.relacl, acldefault('r', o.relowner))) a
    CROSS JOIN LATERAL (SELECT coalesce((SELECT rolname FROM pg_roles WHERE oid = a.grantee), 'public') AS who) w
    WHERE o.relnamespace = ${here} AND o.relname = 'tools'
      AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      AND CASE WHEN c.oid IS NULL THEN w.who <> current_user ELSE NOT has_table_privilege(w.who, c.oid, a.privilege_type)
        OR (a.privilege_type = 'INSERT' AND EXISTS
          (SELECT 1 FROM pg_depend d JOIN pg_class s ON s.oid = d.objid WHERE d.refobjid = c.oid
             AND CASE s.relkind WHEN 'S' THEN NOT has_sequence_privilege(w.who, s.oid, 'USAGE') ELSE false END)) END
    GROUP BY t.name, w.who, c.relowner, c.oid, h.heir ORDER BY t.name, w.who = h.heir, w.who`);
  return rows.map(({ heir, ...row }) => {
    const [table, who] = [q(row.table), row.who === 'public' ? 'PUBLIC' : q(row.who)];
    if (row.who === heir) return { ...row, statements: [`ALTER TABLE ${table} OWNER TO ${who}`] };
    const counted = tables.find(({ name }) => name === row.table)?.columns.find((c) => c.autoincrement);
    const sequence = q(`${row.table}_${counted?.name}_seq`);
    return {
      ...row,
      statements: [
        `GRANT ${row.privileges} ON ${table} TO ${who}`,
        ...(counted === undefined ? [] : [`GRANT USAGE, SELECT ON SEQUENCE ${sequence} TO ${who}`]),
      ],
    };
  });
}
