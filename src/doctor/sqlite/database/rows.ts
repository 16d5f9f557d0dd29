import { sql } from 'kysely';
import { fine, found } from '../../../checks/check.ts';
import { statement } from '../../../database/statement.ts';
import { plural } from '../../../report/plural.ts';
import { thousands } from '../../../report/thousands.ts';
import { lostAndFoundIn } from '../../data/lost-and-found.ts';
import type { InsideCheck } from './inside-check.ts';

export const databaseForeignKeys: InsideCheck = {
  id: 'database.foreign-keys',
  title: 'No row points at a row that is gone',
  level: 'warning',
  hint: 'The gateway does not enforce foreign keys on SQLite, so rows outlive what they belong to. A migration takes them along; mcpgw fix deletes or detaches them afterwards.',
  command: 'mcpgw fix --only foreign-keys.dangling',
  async find(context) {
    const rows = await context.db.query<{ child: string; parent: string; n: number }>(
      sql`SELECT "table" AS child, parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    // What is gone may be among those rows, and deleting links to it is no way back.
    const [lost] = lostAndFoundIn(context);
    const lines = rows.map(({ child, parent, n }) => `${child}: ${plural(n, 'row')} without their ${parent}`);
    return found(lines, lost && { command: lost.look });
  },
};

const MANY_ROWS = 100_000;

export const databaseStatistics: InsideCheck = {
  id: 'database.statistics',
  title: 'The query planner knows the tables',
  level: 'info',
  hint: 'Without statistics SQLite guesses which index is best; on tables of this size a wrong guess is felt in the admin pages.',
  async find({ db, schema, target }) {
    const stats = await db.query<{ name: string }>(
      sql`SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'`,
    );
    if (stats.length > 0 || schema.size === 0) return fine();
    // The highest rowid is found at once, where counting would read every row.
    const highest = await db.query<{ name: string; n: number | null }>(
      sql`${sql.join(
        [...schema.keys()].map(
          (name) => sql`SELECT ${sql.lit(name)} AS name, max(rowid) AS n FROM ${sql.id(name)}`,
        ),
        sql` UNION ALL `,
      )}`,
    );
    const large = highest.filter(({ n }) => (n ?? 0) > MANY_ROWS);
    return found(
      large.map(({ name, n }) => `${name}: up to ${thousands(n ?? 0)} rows, and no statistics`),
      { command: `sqlite3 ${target.path} ANALYZE` },
    );
  },
  async repair(context) {
    if (context.target.readOnly) return null;
    return {
      summary: ['Collect statistics (ANALYZE); no row is changed'],
      run: () =>
        context.connect('write', async (db) => {
          await db.run(statement('ANALYZE'));
          const [row] = await db.query<{ n: number }>(sql`SELECT count(*) AS n FROM sqlite_stat1`);
          return [`statistics of ${row?.n ?? 0} indexes and tables collected`];
        }),
    };
  },
};
