import { translateSqliteError } from '../../../database/sqlite/errors.ts';
import { readDamage } from '../../../database/sqlite/read-damage.ts';
import { quoteName } from '../../../database/sqlite/table-sql.ts';
import { statement } from '../../../database/statement.ts';
import { GatewayError } from '../../../errors.ts';
import { damageOf } from './damage.ts';
import type { InsideExamination } from './inside-examination.ts';

/** Rows of a unique index that are not: no index can be built over those. */
const NOT_UNIQUE = /^non-unique entry/;

export const databaseIndexes: InsideExamination = {
  id: 'database.indexes',
  title: 'Indexes hold what their tables do',
  level: 'error',
  meaning:
    'Queries that use such an index miss rows or find rows that are gone; no row itself is lost. The index must be built again before a migration.',
  command: '',
  async find(context) {
    const { indexes } = await damageOf(context);
    if (indexes === null) return { count: 0, sample: ['a large file: compared with --verbose only'] };
    return {
      count: indexes.length,
      sample: indexes,
      command: `sqlite3 ${context.target.path} REINDEX`,
    };
  },
  async repair(context) {
    const lines = (await damageOf(context)).indexes ?? [];
    if (lines.length === 0 || lines.some((line) => NOT_UNIQUE.test(line))) return null;
    const names = [...new Set(lines.map((line) => / index (.+)$/.exec(line)?.[1] ?? ''))];
    return {
      summary: [`Build again: ${names.join(', ')}`, 'No row of a table is changed'],
      run: () =>
        context.connect('write', async (db) => {
          try {
            for (const name of names) await db.run(statement(`REINDEX ${quoteName(name)}`));
          } catch (error) {
            throw translateSqliteError(error, context.target.path) ?? error;
          }
          const left = await readDamage(db, 'full');
          if (left.length === 0) return [`${names.join(', ')}: built again; integrity_check: ok`];
          throw new GatewayError('CORRUPT', `The file is still damaged: ${left[0]}.`, {
            details: left.slice(0, 5),
            hint: 'Look again: mcpgw doctor --verbose',
          });
        }),
    };
  },
};
