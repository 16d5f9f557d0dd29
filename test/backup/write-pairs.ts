import type { TestDialect } from '../support/database-kinds.ts';
import { runSql } from '../support/run-sql.ts';

/** Writes a row into each of two tables, both or neither, until it is killed. */
const url = process.env.PAIRS_URL ?? '';
const dialect = process.env.PAIRS_DIALECT as TestDialect;

for (let id = 1; ; id++) {
  const values = `VALUES (${id})`;
  await runSql(dialect, url, `BEGIN; INSERT INTO pairs_a ${values}; INSERT INTO pairs_b ${values}; COMMIT`);
  if (id === 5) process.stdout.write('writing\n');
}
