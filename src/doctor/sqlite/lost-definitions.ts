import { historyTable } from '../../change/history.ts';
import { createSqliteTable } from '../../database/sqlite/ddl.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import type { Definition, KnownDefinition } from '../../salvage/index.ts';

/** Tables that only v0.7.0 has tell which release a file is of, as do the columns that it added. */
const NEW_IN_V070 = ['email_users', 'email_teams', 'roles', 'user_roles'];
const VERSION = 'CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)';

/**
 * The gateway's own tables and indexes whose definitions are not among those that could be read of a damaged file.
 *
 * @param found what could be read
 */
export function lostDefinitions(found: readonly Definition[]): readonly KnownDefinition[] {
  const names = new Set(found.map(({ name }) => name));
  const isNew =
    names.size === 0 ||
    found.some(({ name, sql }) => NEW_IN_V070.includes(name) || /\bowner_email\b/.test(sql ?? ''));
  // A database of v0.6.0 has no record of ours yet.
  const tables = [...releaseSchema(isNew ? '0.7.0' : '0.6.0').values(), ...(isNew ? [historyTable] : [])];
  const gateways = tables.flatMap((table): KnownDefinition[] => {
    // An empty record would tell of a run that never was.
    const of = { table: table.name, optional: table === historyTable };
    const [create, ...indexes] = createSqliteTable(table).statements;
    return [
      { ...of, type: 'table', name: table.name, sql: create?.sql ?? '' },
      ...table.indexes.map(({ name }, i) => ({
        ...of,
        type: 'index' as const,
        name,
        sql: indexes[i]?.sql ?? '',
      })),
    ];
  });
  const version = { type: 'table', name: 'alembic_version', table: 'alembic_version', sql: VERSION } as const;
  return [{ ...version, optional: false }, ...gateways].filter(({ name }) => !names.has(name));
}
