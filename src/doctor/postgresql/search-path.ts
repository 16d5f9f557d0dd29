import { sql } from 'kysely';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { plural } from '../../report/plural.ts';
import { OWNED_TABLES } from '../../schema/gateway-tables.ts';
import { type PostgresqlContext, type SessionFacts, sessionFacts } from './facts.ts';

/** A schema with so many of the gateway's main tables is a gateway's. */
const ENOUGH = 3;

interface SchemaFacts {
  readonly name: string;
  /** How many of the gateway's main tables are in it. */
  readonly tables: number;
  readonly mayUse: boolean;
  /** The search path names it. */
  readonly isNamed: boolean;
}

/** Schemas that hold tables of the gateway, or that the search path names. */
const schemas = perContext(async ({ db }: PostgresqlContext): Promise<readonly SchemaFacts[]> => {
  const names = OWNED_TABLES.map(({ name }) => name);
  return await db.query<SchemaFacts>(sql`
    SELECT n.nspname AS name, has_schema_privilege(n.oid, 'USAGE') AS "mayUse",
           n.nspname = ANY (SELECT CASE btrim(part, ' "') WHEN '$user' THEN session_user::text ELSE btrim(part, ' "') END
                            FROM unnest(string_to_array(current_setting('search_path'), ',')) part) AS "isNamed",
           (SELECT count(*)::int FROM pg_class c
            WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname IN (${sql.join(names)})) AS tables
    FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ORDER BY n.nspname`);
});

/** Whether unqualified names lead to the gateway's tables: all of them, and only one set. */
export const searchPath: DoctorCheck<PostgresqlContext> = {
  id: 'database.search-path',
  title: 'The search path leads to the gateway’s tables',
  level: 'error',
  hint: 'The gateway and the migration take the first schema of the search path that there is. Here that is not the one with the gateway’s tables, so that a second set of tables would be made.',
  decisive: true,
  preflight: 'refuse',
  async find(context) {
    const facts = await sessionFacts(context);
    const all = await schemas(context);
    if (facts.schema === null) return noSchema(facts, all);
    const others = all.filter(({ name, tables }) => name !== facts.schema && tables >= ENOUGH);
    const onPath = others.filter(({ isNamed, mayUse }) => isNamed && mayUse);
    if (onPath.length === 0 || tablesIn(all, facts.schema) > 0) {
      return { count: 0, sample: [`schema ${facts.schema}`, ...others.map(describe)] };
    }
    return {
      count: 1,
      sample: [pathTo(facts, facts.schema), ...others.map(describe)],
      hint: `Name ${NAME_IT}`,
      command: setPath(facts, onPath),
    };
  },
};

/**
 * Whether the gateway's tables are where they are looked for, and nowhere beside it. A schema outside of the path
 * may be another gateway's, and an empty one just about to become one: so this is for people to judge.
 */
export const oneSchema: DoctorCheck<PostgresqlContext> = {
  id: 'database.schemas',
  title: 'The gateway’s tables are in the schema in use',
  level: 'warning',
  hint: 'More than one schema can be meant, and only the first of the search path is migrated.',
  async find(context) {
    const facts = await sessionFacts(context);
    const { schema } = facts;
    if (schema === null) return CLEAN;
    const all = await schemas(context);
    const inUse = all.filter(({ isNamed, mayUse, tables }) => isNamed && mayUse && tables > 0);
    if (inUse.length > 1) {
      return {
        count: inUse.length - 1,
        sample: inUse.map(describe),
        hint: `The gateway takes each table from the first schema of the search path that has it. Find out which of them it works with, and name only that one: in DATABASE_URL ?options=-csearch_path%3D${schema}`,
        command: setPath(
          facts,
          inUse.filter(({ name }) => name === schema),
        ),
      };
    }
    const elsewhere = all.filter(({ name, tables }) => name !== schema && tables >= ENOUGH);
    if (tablesIn(all, schema) > 0 || elsewhere.length === 0) return CLEAN;
    return {
      count: elsewhere.length,
      sample: [pathTo(facts, schema), ...elsewhere.map(describe)],
      hint: `If a new gateway is to be in ${schema}, all is well. Otherwise name ${NAME_IT}`,
      command: setPath(facts, elsewhere),
    };
  },
};

const NAME_IT =
  'the schema with the tables in DATABASE_URL (?options=-csearch_path%3Dschema), or for the user of the gateway.';

const tablesIn = (all: readonly SchemaFacts[], schema: string) =>
  all.find(({ name }) => name === schema)?.tables ?? 0;

const pathTo = ({ settings }: SessionFacts, schema: string) =>
  `search_path ${settings.search_path?.value ?? ''} leads to the schema ${schema}, which has none of the gateway’s tables`;

function noSchema(facts: SessionFacts, all: readonly SchemaFacts[]): Findings {
  const path = facts.settings.search_path?.value ?? '';
  const closed = all.find(({ isNamed, mayUse }) => isNamed && !mayUse);
  if (closed !== undefined) {
    return {
      count: 1,
      sample: [`search_path ${path}: this user may not use the schema ${closed.name}`],
      hint: 'Let the user use the schema.',
      command: `GRANT USAGE ON SCHEMA ${q(closed.name)} TO ${q(facts.user)};`,
    };
  }
  const first = path
    .split(',')
    .map((part) => part.trim().replaceAll('"', ''))
    .find((name) => name !== '$user');
  return {
    count: 1,
    sample: [
      `search_path ${path}: no schema of it exists`,
      ...all.filter(({ tables }) => tables >= ENOUGH).map(describe),
    ],
    hint: 'Name a schema that exists in DATABASE_URL (?options=-csearch_path%3Dschema), or make this one.',
    command: `CREATE SCHEMA ${q(first || 'public')} AUTHORIZATION ${q(facts.user)};`,
  };
}

const describe = ({ name, tables }: SchemaFacts) =>
  `schema ${name} has ${plural(tables, 'table')} of the gateway’s main ${OWNED_TABLES.length}`;

/** What stands in DATABASE_URL wins over what is set for the user; and which of several is meant is not known. */
function setPath({ settings, user, database }: SessionFacts, candidates: readonly SchemaFacts[]): string {
  const [only, ...more] = candidates;
  if (only === undefined || more.length > 0 || settings.search_path?.source === 'client') return '';
  return `ALTER ROLE ${q(user)} IN DATABASE ${q(database)} SET search_path = ${q(only.name)};`;
}
