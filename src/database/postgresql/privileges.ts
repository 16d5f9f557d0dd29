import { sql } from 'kysely';
import { plural } from '../../report/plural.ts';
import { GATEWAY_TABLES } from '../../schema/gateway-tables.ts';
import type { Connection } from '../connection.ts';
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
