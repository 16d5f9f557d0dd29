import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { type MysqlGrants, readMysqlGrants } from '../../database/mysql/privileges.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import { HISTORY_TABLE, VERSION_TABLE } from '../../schema/gateway-tables.ts';
import type { Schema } from '../../schema/model.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';

/** What the examinations of an open database judge by. */
export interface MysqlFacts {
  readonly mariadb: boolean;
  /** Of the server, as sessions begin with them; names in lower case. One that is missing is not known to this server. */
  readonly variables: ReadonlyMap<string, string>;
  readonly grants: MysqlGrants;
  /** The gateway's, and what says at which release they are. */
  readonly tables: readonly TableFacts[];
  readonly views: number;
  /** As it is. */
  readonly schema: Schema;
  /** As the migration leaves it. */
  readonly target: Schema;
}

export interface TableFacts {
  readonly name: string;
  /** `InnoDB`; empty when the server cannot read the table. */
  readonly engine: string;
  /** `Dynamic`, `Compact` … */
  readonly rowFormat: string;
  readonly dataBytes: number;
  readonly indexBytes: number;
}

const VARIABLES = [
  'default_storage_engine',
  'enforce_storage_engine',
  'innodb_default_row_format',
  'innodb_force_primary_key',
  'innodb_force_recovery',
  'innodb_page_size',
  'innodb_read_only',
  'innodb_strict_mode',
  'lower_case_table_names',
  'max_allowed_packet',
  'performance_schema',
  'read_only',
  'sql_mode',
  'sql_require_primary_key',
  'super_read_only',
  'transaction_read_only',
  'tx_read_only',
  'wsrep_on',
  'wsrep_osu_method',
];

const OF_THE_DATABASE = ['character_set_database', 'collation_database'];

type Context = OpenContext<MysqlTarget>;

const known = new WeakMap<Context, Promise<MysqlFacts>>();

/** The facts that the examinations of one run share: five round trips. */
export function factsOf(context: Context): Promise<MysqlFacts> {
  const facts = known.get(context) ?? readFacts(context);
  known.set(context, facts);
  return facts;
}

async function readFacts({ db, schema }: Context): Promise<MysqlFacts> {
  const target = releaseSchema('0.7.0');
  const ours = new Set([...target.keys(), VERSION_TABLE, HISTORY_TABLE]);
  // Our own session has our own settings; what the gateway's begins with are the server's.
  const show = (scope: string, names: readonly string[]) =>
    db.query<{ Variable_name: string; Value: string }>(
      sql`SHOW ${sql.raw(scope)} VARIABLES WHERE Variable_name IN (${sql.join([...names])})`,
    );
  const variables = [...(await show('GLOBAL', VARIABLES)), ...(await show('SESSION', OF_THE_DATABASE))];
  const rows = await readTables(db);
  return {
    mariadb: db.dialect.server.product === 'MariaDB',
    variables: new Map(variables.map((row) => [row.Variable_name.toLowerCase(), row.Value])),
    grants: await readMysqlGrants(db),
    tables: rows
      .filter(({ name, kind }) => kind === 'BASE TABLE' && ours.has(name))
      .map(({ kind: _, ...table }) => table),
    views: rows.filter(({ kind }) => kind === 'VIEW').length,
    schema,
    target,
  };
}

interface TableRow {
  readonly name: string;
  readonly kind: string;
  readonly engine: string | null;
  readonly row_format: string | null;
  readonly data_bytes: number | string | null;
  readonly index_bytes: number | string | null;
}

async function readTables(db: Connection): Promise<(TableFacts & { readonly kind: string })[]> {
  const rows = await db.query<TableRow>(sql`
    SELECT TABLE_NAME AS name, TABLE_TYPE AS kind, ENGINE AS engine, ROW_FORMAT AS row_format,
      DATA_LENGTH AS data_bytes, INDEX_LENGTH AS index_bytes
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() ORDER BY TABLE_NAME`);
  return rows.map((row) => ({
    name: row.name,
    kind: row.kind,
    engine: row.engine ?? '',
    rowFormat: row.row_format ?? '',
    dataBytes: Number(row.data_bytes ?? 0),
    indexBytes: Number(row.index_bytes ?? 0),
  }));
}

/** Whether a variable is on; one that the server does not know is off. */
export function isOn({ variables }: Pick<MysqlFacts, 'variables'>, name: string): boolean {
  return /^(ON|1|YES|TRUE)$/i.test(variables.get(name) ?? '');
}
