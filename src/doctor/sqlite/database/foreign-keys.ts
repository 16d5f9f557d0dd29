import { sql } from 'kysely';
import { plural } from '../../../report/plural.ts';
import { lostAndFoundIn } from '../../data/lost-and-found.ts';
import type { InsideExamination } from './inside-examination.ts';

export const databaseForeignKeys: InsideExamination = {
  id: 'database.foreign-keys',
  title: 'No row points at a row that is gone',
  level: 'warning',
  meaning:
    'The gateway does not enforce foreign keys on SQLite, so rows outlive what they belong to. A migration takes them along; mcpgw fix deletes or detaches them afterwards.',
  command: 'mcpgw fix --only foreign-keys.dangling',
  async find(context) {
    const rows = await context.db.query<{ child: string; parent: string; n: number }>(
      sql`SELECT "table" AS child, parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    // What is gone may be among those rows, and deleting links to it is no way back.
    const [lost] = lostAndFoundIn(context);
    return {
      count: rows.length,
      sample: rows.map(({ child, parent, n }) => `${child}: ${plural(n, 'row')} without their ${parent}`),
      ...(lost === undefined ? {} : { command: lost.look }),
    };
  },
};
