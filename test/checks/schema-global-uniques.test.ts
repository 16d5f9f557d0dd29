import { expect } from 'vitest';
import { schemaGlobalUniques } from '../../src/checks/schema-parts.ts';
import { changing, describeDefects } from '../support/defects.ts';

const unique = (name: string, column: string) => ({ name, columns: [column], constraint: true });

describeDefects(schemaGlobalUniques, {
  'drops the uniques that v0.6.0 had': {
    plant: changing(
      ['tools', { addUniques: [unique('old_tools', 'name')] }],
      ['servers', { addUniques: [unique('old_servers', 'name')] }],
      ['gateways', { addUniques: [unique('old_slugs', 'slug'), unique('old_urls', 'url')] }],
    ),
    findings: [
      'tools.name: still unique across all teams and owners (old_tools)',
      'servers.name: still unique across all teams and owners (old_servers)',
      'gateways.slug: still unique across all teams and owners (old_slugs)',
      'gateways.url: still unique across all teams and owners (old_urls)',
    ],
    after: async ({ database }) => {
      // Another owner may now have a tool of that name.
      await database.query(
        "UPDATE tools SET owner_email = 'other@corp.example.com', name = 'tool-1' WHERE id = 'tool-2'",
      );
      expect(await database.query("SELECT count(*) FROM tools WHERE name = 'tool-1'")).toBe('2');
    },
  },
  'drops a unique index that is no constraint': {
    plant: ({ database }) => database.query('CREATE UNIQUE INDEX only_one ON servers (name)'),
    findings: ['servers.name: still unique across all teams and owners (only_one)'],
  },
});
