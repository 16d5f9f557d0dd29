import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import type { SampleTable, SampleValue } from './sample-table.ts';

/** Characters of one INSERT: far below SQLite's limit of a million and the servers' packet sizes. */
const STATEMENT_LENGTH = 200_000;

/**
 * Writes rows in statements of many rows each, as literals, which all databases take at about the speed of
 * their own loaders.
 *
 * @returns how many rows were written
 */
export async function writeRows(db: Connection, { name, columns, rows }: SampleTable): Promise<number> {
  const { dialect } = db;
  const literal = (value: SampleValue): string => {
    if (value === null || typeof value === 'string') return dialect.literal(value);
    if (typeof value === 'number') return String(value);
    if (typeof value === 'boolean') return String(dialect.boolean(value));
    return `'${dialect.timestamp(value)}'`;
  };
  const insert = `INSERT INTO ${dialect.quote(name)} (${columns.map(dialect.quote).join(', ')}) VALUES `;
  let written = 0;
  let tuples: string[] = [];
  let length = 0;
  const send = async () => {
    if (tuples.length === 0) return;
    await db.run(statement(insert + tuples.join(', ')));
    written += tuples.length;
    tuples = [];
    length = 0;
  };
  for (const row of rows) {
    const tuple = `(${row.map(literal).join(', ')})`;
    tuples.push(tuple);
    length += tuple.length;
    if (length >= STATEMENT_LENGTH) await send();
  }
  await send();
  return written;
}
