import { createSqliteTable } from '../../../database/sqlite/ddl.ts';
import { historyTable } from '../../../migrate/history.ts';
import { releaseSchema } from '../../../migrate/release-schema.ts';
import type { SchemaEntry } from './read-schema-entries.ts';

/** Tables that only v0.7.0 has tell which release a file is of, as do the columns that it added. */
const NEW_IN_V070 = ['email_users', 'email_teams', 'roles', 'user_roles'];

/**
 * The gateway's own tables and indexes whose definitions are not among those that could be read.
 *
 * @param found what could be read
 */
export function expectedTables(found: readonly SchemaEntry[]): readonly SchemaEntry[] {
  const names = new Set(found.map(({ name }) => name));
  const isNew =
    names.size === 0 ||
    found.some(({ name, sql }) => NEW_IN_V070.includes(name) || /\bowner_email\b/.test(sql ?? ''));
  const schema = releaseSchema(isNew ? '0.7.0' : '0.6.0');
  const version: SchemaEntry = {
    type: 'table',
    name: 'alembic_version',
    table: 'alembic_version',
    root: 0,
    sql: 'CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)',
  };
  // A database of v0.6.0 has no record of ours yet.
  const expected = [...schema.values(), ...(isNew ? [historyTable] : [])].flatMap((table): SchemaEntry[] => {
    const [create, ...indexes] = createSqliteTable(table).statements;
    return [
      { type: 'table', name: table.name, table: table.name, root: 0, sql: create?.sql ?? '' },
      ...table.indexes.map(
        ({ name }, i): SchemaEntry => ({
          type: 'index',
          name,
          table: table.name,
          root: 0,
          sql: indexes[i]?.sql ?? '',
        }),
      ),
    ];
  });
  return [version, ...expected].filter(({ name }) => !names.has(name));
}
