import { sql } from 'kysely';
import { plural } from '../../report/plural.ts';
import { GATEWAY_TABLES } from '../../schema/gateway-tables.ts';
import type { Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import type { MissingAccess } from '../dialect.ts';
import { quotePostgresql as q } from './ddl.ts';

export interface MissingPrivilege {
  /** What this user may not do. */
  readonly what: string;
  /** What gives the privilege; '' when no statement can. */
  readonly statement: string;
  /** Who owns the tables that it is about: connected as that user, it is not lacking. */
  readonly owner?: string;
}

/** How many names a line shows. */
const SHOWN = 5;

/** `tools, servers and 3 others` */
export function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(', ');
  return names.length <= SHOWN ? shown : `${shown} and ${plural(names.length - SHOWN, 'other')}`;
}

/** What a run lacks, a line each. */
export async function missingPostgresqlPrivileges(
  db: Connection,
  tables: readonly string[],
): Promise<readonly string[]> {
  const missing = await lackingForChanges(db, tables);
  return missing.map(({ what, statement }) => (statement === '' ? what : `${what}: ${statement}`));
}

/**
 * What this user lacks to change the schema: tables are changed by their owner only, and new ones need CREATE on
 * their schema. Tables stay their owner's: that is the gateway's own user, most likely. Nothing is asked for on the
 * tables of others.
 */
export async function lackingForChanges(
  db: Connection,
  tables: readonly string[],
): Promise<readonly MissingPrivilege[]> {
  const ours = tables.filter((name) => GATEWAY_TABLES.has(name));
  const [schema] = await db.query<{
    name: string | null;
    may_create: boolean | null;
    who: string;
    inherits: boolean;
  }>(sql`
    SELECT current_schema() AS name, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_user AS who, (SELECT rolinherit FROM pg_roles WHERE rolname = current_user) AS inherits`);
  if (schema === undefined || schema.name === null) {
    return [
      { what: 'no schema of the search path exists; check search_path in DATABASE_URL', statement: '' },
    ];
  }
  const { name: schemaName, who, may_create: mayCreate, inherits } = schema;
  const missing = mayCreate
    ? []
    : [{ what: 'create tables', statement: `GRANT CREATE ON SCHEMA ${q(schemaName)} TO ${q(who)};` }];
  if (ours.length === 0) return missing;
  const foreign = await db.query<{
    owner: string;
    is_superuser: boolean;
    is_member: boolean;
    names: string[];
  }>(sql`
    SELECT r.rolname AS owner, r.rolsuper AS is_superuser, pg_has_role(r.oid, 'MEMBER') AS is_member,
           json_agg(c.relname ORDER BY c.relname) AS names
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname IN (${sql.join(ours)})
      AND NOT pg_has_role(c.relowner, 'USAGE')
    GROUP BY r.oid, r.rolname, r.rolsuper ORDER BY r.rolname`);
  return [
    ...missing,
    ...foreign.map(({ owner, is_superuser: isSuperuser, is_member: isMember, names }) => ({
      what: `change ${names.length === 1 ? 'table' : 'tables'} ${namesOf(names)}, which ${names.length === 1 ? 'belongs' : 'belong'} to ${owner}`,
      // A member of a superuser could become one.
      statement: isSuperuser ? '' : membership(db, { owner, who, isMember, inherits }),
      owner,
    })),
  ];
}

/** A member has what the other role has only if it inherits it: from 16 on, each membership says that for itself. */
function membership(
  { dialect }: Connection,
  of: { owner: string; who: string; isMember: boolean; inherits: boolean },
): string {
  const { owner, who, isMember, inherits } = of;
  const grant = `GRANT ${q(owner)} TO ${q(who)}`;
  if (inherits && !isMember) return `${grant};`;
  if (Number.parseInt(dialect.server.version, 10) >= 16) return `${grant} WITH INHERIT TRUE;`;
  return [
    ...(isMember && !inherits ? [] : [`${grant};`]),
    ...(inherits ? [] : [`ALTER ROLE ${q(who)} INHERIT;`]),
  ].join(' ');
}

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
