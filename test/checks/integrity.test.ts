import SQLite from 'better-sqlite3';
import { integrity } from '../../src/checks/integrity.ts';
import { describeDefects } from '../support/defects.ts';
import type { MigratedDatabase } from '../support/migrated-database.ts';

const INDEX = 'idx_prompts_team_visibility';

/** Takes an index out of the schema while a row is written, so that it does not know of that row. */
async function writePastIndex({ database }: MigratedDatabase): Promise<void> {
  const edit = (change: (file: SQLite.Database) => void) => {
    const file = new SQLite(database.name);
    try {
      file.unsafeMode(true);
      file.pragma('writable_schema = ON');
      change(file);
    } finally {
      file.close();
    }
  };
  const read = new SQLite(database.name, { readonly: true });
  const row = read
    .prepare('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE name = ?')
    .get(INDEX);
  read.close();
  edit((file) => file.prepare('DELETE FROM sqlite_schema WHERE name = ?').run(INDEX));
  await database.query("UPDATE prompts SET visibility = 'private' WHERE id = 2");
  edit((file) =>
    file.prepare('INSERT INTO sqlite_schema VALUES (@type, @name, @tbl_name, @rootpage, @sql)').run(row),
  );
}

describeDefects(integrity, {
  'reports what SQLite finds wrong': {
    on: ['sqlite'],
    plant: writePastIndex,
    findings: [`row 2 missing from index ${INDEX}`],
    remaining: 1,
  },
});
