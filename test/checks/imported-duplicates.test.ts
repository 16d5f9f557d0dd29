import { expect } from 'vitest';
import { importedDuplicates } from '../../src/checks/imported-duplicates.ts';
import { authKey, encryptAuthValue } from '../../src/ciphers/auth-value.ts';
import { describeDefects } from '../support/defects.ts';
import type { MigratedDatabase } from '../support/migrated-database.ts';

const TOOL =
  'original_name, url, integration_type, request_type, input_schema, enabled, reachable, jsonpath_filter, tags, version, custom_name, custom_name_slug, display_name, name';
const SERVER = 'name, description, is_active, tags, version';

/** A row as an import leaves it: nobody's, private. */
async function copy({ database }: MigratedDatabase, id: string, of: string, more = ''): Promise<void> {
  const [table, columns] = of.startsWith('tool') ? ['tools', TOOL] : ['servers', SERVER];
  await database.query(
    `INSERT INTO ${table} (id, created_at, updated_at, visibility, ${columns})
     SELECT '${id}', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'private', ${columns} FROM ${table} WHERE id = '${of}'`,
  );
  if (more !== '') await database.query(`UPDATE ${table} SET ${more} WHERE id = '${id}'`);
}

const ids = ({ database }: MigratedDatabase) =>
  database.query('SELECT id FROM tools UNION ALL SELECT id FROM servers ORDER BY id');

describeDefects(importedDuplicates, {
  'deletes what is equal and nothing points at': {
    plant: async (at) => {
      await copy(at, 'tool-2-equal', 'tool-2');
      await copy(at, 'tool-2-again', 'tool-2', "created_at = '2026-02-01 00:00:00'");
      const [one, other] = [1, 2].map(() => encryptAuthValue({ 'X-Key': 'one' }, authKey('my-test-salt')));
      await at.database.query(`UPDATE tools SET auth_value = '${one}' WHERE name = 'tool-2'`);
      await at.database.query(`UPDATE tools SET auth_value = '${other}' WHERE id = 'tool-2-equal'`);
      await at.database.query("UPDATE tools SET auth_type = 'authheaders' WHERE auth_value IS NOT NULL");
      await copy(at, 'server-2-equal', 'server-2');
    },
    findings: [
      'tools tool-2-equal “tool-2”: a copy of tool-2',
      'tools tool-2-again “tool-2”: a copy of tool-2',
      'servers server-2-equal “Server 2”: a copy of server-2',
    ],
    also: ['ownership.orphans'],
    changes: ['servers', 'tools'],
    after: async (at) =>
      expect((await ids(at)).split('\n')).toEqual(['server-1', 'server-2', 'tool-1', 'tool-2']),
  },
  'leaves what differs, or is in use': {
    plant: async (at) => {
      await copy(at, 'tool-2-used', 'tool-2');
      await copy(at, 'tool-2-other', 'tool-2', "url = 'http://tool.example.com/other'");
      await copy(at, 'tool-2-auth', 'tool-2', "auth_value = 'other'");
      await copy(at, 'tool-2-spelt', 'tool-2', "original_name = 'TOOL_2'");
      await copy(at, 'server-1-used', 'server-1');
      await at.database.query(
        "INSERT INTO server_tool_association (server_id, tool_id) VALUES ('server-1-used', 'tool-2-used')",
      );
    },
    findings: [
      'tools tool-2-used “tool-2”: a copy of tool-2, but other rows point at it',
      'tools tool-2-other “tool-2”: a copy of tool-2, but it is not equal',
      'tools tool-2-auth “tool-2”: a copy of tool-2, but it is not equal',
      'tools tool-2-spelt “tool-2”: a copy of tool-2, but it is not equal',
      'servers server-1-used “Server 1”: a copy of server-1, but other rows point at it',
    ],
    also: ['credentials.undecryptable', 'ownership.orphans'],
    remaining: 5,
  },
  'of copies without a first one it keeps the oldest; what somebody owns or made is none': {
    plant: async (at) => {
      await copy(at, 'server-new', 'server-2', "name = 'Imported', created_at = '2026-03-01 00:00:00'");
      await copy(at, 'server-old', 'server-2', "name = 'Imported'");
      await copy(at, 'server-made', 'server-2', "created_by = 'somebody@example.com'");
      await copy(at, 'server-same', 'server-2', "name = 'Server 1'");
      await at.database.query("UPDATE servers SET visibility = 'private' WHERE id = 'server-1'");
    },
    findings: ['servers server-new “Imported”: a copy of server-old'],
    also: ['ownership.orphans'],
    changes: ['servers'],
  },
});
