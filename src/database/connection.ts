import { CompiledQuery, type Kysely, type RawBuilder } from 'kysely';
import type { Dialect } from './dialect.ts';
import type { Statement } from './statement.ts';

/** One connection to a database, held for as long as a command needs it. */
export interface Connection {
  readonly dialect: Dialect;
  /** Rows of a query written with Kysely's `sql`. */
  query<Row>(query: RawBuilder<Row>): Promise<Row[]>;
  /** Runs a statement of a plan and returns how many rows it wrote (0 for schema changes). */
  run(statement: Statement): Promise<number>;
  /** The text and parameters a `sql` template stands for in this dialect. */
  compile(query: RawBuilder<unknown>): Statement;
}

/** A connection over a Kysely instance that is bound to one connection of its driver. */
export function connection(dialect: Dialect, kysely: Kysely<unknown>): Connection {
  async function execute(sql: string, parameters: readonly unknown[]) {
    return kysely.executeQuery<Record<string, unknown>>(CompiledQuery.raw(sql, [...parameters]));
  }
  return {
    dialect,
    async query(query) {
      return (await query.execute(kysely)).rows;
    },
    compile(query) {
      const { sql, parameters } = query.compile(kysely);
      return { sql, parameters };
    },
    async run(statement) {
      if (statement.paged === undefined) {
        return Number((await execute(statement.sql, statement.parameters)).numAffectedRows ?? 0n);
      }
      const { select, pageSize, value } = statement.paged;
      let written = 0;
      let last: unknown = '';
      for (;;) {
        const { rows } = await execute(select, [last, pageSize]);
        const lastRow = rows.at(-1);
        if (lastRow === undefined) return written;
        last = lastRow.id;
        const page = rows.map((row) => ({ id: row.id, value: value(row) }));
        written += Number((await execute(statement.sql, [JSON.stringify(page)])).numAffectedRows ?? 0n);
      }
    },
  };
}
