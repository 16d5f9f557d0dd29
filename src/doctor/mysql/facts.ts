import { sql } from 'kysely';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import { foretellDefiners } from '../../database/mysql/definers.ts';
import { type MysqlGrants, readMysqlGrants } from '../../database/mysql/privileges.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import { HISTORY_TABLE, VERSION_TABLE } from '../../schema/gateway-tables.ts';
import type { Schema } from '../../schema/model.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';

/** What the checks of an open database judge by. */
export interface MysqlFacts {
  /** Of the server, as sessions begin with them, by names in lower case; without those that it does not know. */
  readonly variables: ReadonlyMap<string, string>;
  readonly grants: MysqlGrants;
  /** The gateway's, and what says at which release they are. */
  readonly tables: readonly TableFacts[];
  readonly views: number;
  /** What would keep this user from restoring its own backup. */
  readonly unrestorable: readonly string[];
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
  /** With its indexes. */
  readonly bytes: number;
  readonly dataBytes: number;
}

/** The facts that the checks of one run share, read once. */
export const factsOf = perContext(async ({ db, schema }: OpenContext<MysqlTarget>): Promise<MysqlFacts> => {
  const target = releaseSchema('0.7.0');
  const ours = new Set([...target.keys(), VERSION_TABLE, HISTORY_TABLE]);
  const rows = await db.query<TableFacts & { readonly kind: string }>(sql`
    SELECT TABLE_NAME AS name, TABLE_TYPE AS kind, coalesce(ENGINE, '') AS engine,
      coalesce(ROW_FORMAT, '') AS rowFormat, coalesce(DATA_LENGTH, 0) + coalesce(INDEX_LENGTH, 0) AS bytes,
      coalesce(DATA_LENGTH, 0) AS dataBytes
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() ORDER BY TABLE_NAME`);
  return {
    // Our own session has our own settings; what the gateway's begins with are the server's.
    variables: new Map([
      ...(await shown(db, 'GLOBAL VARIABLES')),
      ...(await shown(db, "SESSION VARIABLES LIKE 'collation_database'")),
    ]),
    grants: await readMysqlGrants(db),
    tables: rows
      .filter(({ name, kind }) => kind === 'BASE TABLE' && ours.has(name))
      .map((table) => ({ ...table, bytes: Number(table.bytes), dataBytes: Number(table.dataBytes) })),
    unrestorable: await foretellDefiners(db),
    views: rows.filter(({ kind }) => kind === 'VIEW').length,
    schema,
    target,
  };
});

/** What `SHOW …` says, by names in lower case. */
export async function shown(db: Connection, what: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<{ Variable_name: string; Value: string }>(sql`SHOW ${sql.raw(what)}`);
  return new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

/** Whether a variable is on; one that the server does not know is off. */
export function isOn({ variables }: Pick<MysqlFacts, 'variables'>, name: string): boolean {
  return /^(ON|1|YES|TRUE)$/i.test(variables.get(name) ?? '');
}

/** A check that asks the server nothing of its own: `judge` sees only what is read for all of them. */
export interface JudgedCheck extends DoctorCheck<OpenContext<MysqlTarget>> {
  judge(facts: MysqlFacts): Findings;
}

export function judged(check: Omit<JudgedCheck, 'find'>): JudgedCheck {
  return { ...check, find: async (context) => check.judge(await factsOf(context)) };
}
