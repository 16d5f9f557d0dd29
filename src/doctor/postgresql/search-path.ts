import { sql } from 'kysely';
import { CLEAN, type DoctorCheck, type Findings, fine } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { type Command, sqlCommand } from '../../report/advice.ts';
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

const NAME_IT =
  'the schema with the tables in DATABASE_URL (?options=-csearch_path%3Dschema), or for the user of the gateway.';

const describe = ({ name, tables }: SchemaFacts) =>
  `schema ${name} has ${plural(tables, 'table')} of the gateway’s main ${OWNED_TABLES.length}`;

const pathOf = ({ settings }: SessionFacts) => settings.search_path?.value ?? '';
const pathTo = (facts: SessionFacts) =>
  `search_path ${pathOf(facts)} leads to the schema ${facts.schema}, which has none of the gateway’s tables`;

const tablesIn = (all: readonly SchemaFacts[], schema: string) =>
  all.find(({ name }) => name === schema)?.tables ?? 0;

/** Whether unqualified names lead to the gateway's tables: all of them, and only one set. */
export const searchPath: DoctorCheck<PostgresqlContext> = {
  id: 'database.search-path',
  title: 'The search path leads to the gateway’s tables',
  level: 'error',
  hint: `A second set of tables would be made where the search path leads. Name ${NAME_IT}`,
  decisive: true,
  preflight: 'refuse',
  async find(context) {
    const facts = await sessionFacts(context);
    const all = await schemas(context);
    if (facts.schema === null) return noSchema(facts, all);
    const others = all.filter(({ name, tables }) => name !== facts.schema && tables >= ENOUGH);
    const onPath = others.filter(({ isNamed, mayUse }) => isNamed && mayUse);
    const told = others.map(describe);
    return onPath.length === 0 || tablesIn(all, facts.schema) > 0
      ? fine(`schema ${facts.schema}`, ...told)
      : { count: 1, sample: [pathTo(facts), ...told], command: setPath(facts, onPath) };
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
      const first = inUse.filter(({ name }) => name === schema);
      return {
        count: inUse.length - 1,
        sample: inUse.map(describe),
        hint: `The gateway takes each table from the first schema of the search path that has it. Find out which of them it works with, and name only that one: in DATABASE_URL ?options=-csearch_path%3D${schema}`,
        command: setPath(facts, first),
      };
    }
    const elsewhere = all.filter(({ name, tables }) => name !== schema && tables >= ENOUGH);
    if (tablesIn(all, schema) > 0 || elsewhere.length === 0) return CLEAN;
    return {
      count: elsewhere.length,
      sample: [pathTo(facts), ...elsewhere.map(describe)],
      hint: `If a new gateway is to be in ${schema}, all is well. Otherwise name ${NAME_IT}`,
      command: setPath(facts, elsewhere),
    };
  },
};

function noSchema(facts: SessionFacts, all: readonly SchemaFacts[]): Findings {
  const path = pathOf(facts);
  const closed = all.find(({ isNamed, mayUse }) => isNamed && !mayUse);
  if (closed !== undefined) {
    return {
      count: 1,
      sample: [`search_path ${path}: this user may not use the schema ${closed.name}`],
      hint: 'Let the user use the schema.',
      command: sqlCommand(`GRANT USAGE ON SCHEMA ${q(closed.name)} TO ${q(facts.user)};`),
    };
  }
  const names = path.split(',').map((part) => part.trim().replaceAll('"', ''));
  const first = names.find((name) => name !== '$user') || 'public';
  const others = all.filter(({ tables }) => tables >= ENOUGH);
  return {
    count: 1,
    sample: [`search_path ${path}: no schema of it exists`, ...others.map(describe)],
    hint: 'Name a schema that exists in DATABASE_URL (?options=-csearch_path%3Dschema), or make this one.',
    command: sqlCommand(`CREATE SCHEMA ${q(first)} AUTHORIZATION ${q(facts.user)};`),
  };
}

/** What stands in DATABASE_URL wins over what is set for the user; and which of several is meant is not known. */
function setPath(
  { settings, user, database }: SessionFacts,
  candidates: readonly SchemaFacts[],
): Command | undefined {
  const [only, ...more] = candidates;
  if (only === undefined || more.length > 0 || settings.search_path?.source === 'client') return undefined;
  return sqlCommand(`ALTER ROLE ${q(user)} IN DATABASE ${q(database)} SET search_path = ${q(only.name)};`);
}
