import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { statement } from '../../database/statement.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { plural } from '../../report/plural.ts';
import type { Examination } from '../examination.ts';
import { type PostgresqlContext, sessionFacts } from './session-facts.ts';
import { type TableFacts, tableFacts } from './table-facts.ts';

/** Below this it does not matter how a table is read. */
const LARGE_BYTES = 8_000_000;

/** Large tables of which the planner knows nothing, as after a restore. */
export const statistics: Examination<PostgresqlContext> = {
  id: 'database.statistics',
  title: 'The planner knows the large tables',
  level: 'warning',
  meaning:
    'These tables were never analysed: PostgreSQL guesses how many rows they have, and may join them in a way that takes minutes in place of milliseconds.',
  command: '',
  async find(context) {
    const tables = await unknownTables(context);
    const { schema } = await sessionFacts(context);
    return {
      count: tables.length,
      sample: tables.map(({ name, rowBytes }) => `${name}, ${inMegabytes(rowBytes)}`),
      unfixable: tables.filter(({ isOwned }) => !isOwned).length,
      command: tables.map(({ name }) => analyse(schema, name)).join(' '),
    };
  },
  async repair(context) {
    const tables = (await unknownTables(context)).filter(({ isOwned }) => isOwned);
    if (tables.length === 0) return null;
    const { schema } = await sessionFacts(context);
    const statements = tables.map(({ name }) => analyse(schema, name));
    return {
      summary: [
        `Analyse ${plural(tables.length, 'table')}; no row is changed, and nobody waits`,
        ...statements,
      ],
      run: ({ log }) =>
        context.connect('write', async (db) => {
          for (const text of statements) {
            log(text);
            await db.run(statement(text));
          }
          return tables.map(({ name }) => `${name}: analysed`);
        }),
    };
  },
};

async function unknownTables(context: PostgresqlContext): Promise<readonly TableFacts[]> {
  const tables = await tableFacts(context);
  return tables.filter(({ rowBytes, analysed }) => rowBytes >= LARGE_BYTES && !analysed);
}

const analyse = (schema: string | null, table: string) => `ANALYZE ${q(schema ?? '')}.${q(table)};`;
