import { channel } from 'node:diagnostics_channel';
import { CompiledQuery, type Kysely } from 'kysely';
import type { Connection, Dialect } from './dialect.ts';
import { noting, saidByServer } from './said-by-server.ts';
import type { Watch } from './watch.ts';

export type { Connection } from './dialect.ts';

/**
 * Every statement is published here before it is sent and after it was answered, as `{ phase, sql }`, for
 * whoever loads a subscriber into the process (`node --import`): nothing of that is in this program.
 */
const statements = channel('mcpgw:statement');

/**
 * A connection over a Kysely instance that is bound to one connection of its driver.
 *
 * @param watch bounds how long a statement is waited for; null waits for as long as it takes
 * @param lastWords why a connection was lost, where the server said it between two statements
 */
export function connection(
  dialect: Dialect,
  kysely: Kysely<unknown>,
  watch: Watch | null = null,
  lastWords: () => Error | null = () => null,
): Connection {
  async function execute<Row>(query: CompiledQuery<Row>) {
    const { sql } = query;
    if (statements.hasSubscribers) statements.publish({ phase: 'before', sql });
    const send = () => kysely.executeQuery<Row>(query);
    const result = await (watch === null ? send() : watch(send)).catch((error: unknown) => {
      const said = saidByServer(error) ? error : (lastWords() ?? error);
      throw noting(said, 'Statement', sql);
    });
    if (statements.hasSubscribers) statements.publish({ phase: 'after', sql });
    return result;
  }
  const raw = (sql: string, parameters: readonly unknown[]) =>
    execute(CompiledQuery.raw(sql, [...parameters]) as CompiledQuery<Record<string, unknown>>);
  return {
    dialect,
    async query(query) {
      return (await execute(query.compile(kysely))).rows;
    },
    compile(query) {
      const { sql, parameters } = query.compile(kysely);
      return { sql, parameters };
    },
    async run(statement) {
      if (statement.paged === undefined) {
        return Number((await raw(statement.sql, statement.parameters)).numAffectedRows ?? 0n);
      }
      const { select, pageSize, value } = statement.paged;
      let written = 0;
      let last: unknown = '';
      for (;;) {
        const { rows } = await raw(select, [last, pageSize]);
        const lastRow = rows.at(-1);
        if (lastRow === undefined) return written;
        last = lastRow.id;
        const page = rows.map((row) => ({ id: row.id, value: value(row) }));
        written += Number((await raw(statement.sql, [JSON.stringify(page)])).numAffectedRows ?? 0n);
      }
    },
  };
}
