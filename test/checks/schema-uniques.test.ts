import { expect } from 'vitest';
import { schemaUniques } from '../../src/checks/schema-uniques.ts';
import { changing, describeDefects } from '../support/defects.ts';
import type { MigratedDatabase } from '../support/migrated-database.ts';

const SCOPED = (column: string) => ['team_id', 'owner_email', column];

/** A second row with the values of the first in everything but its id. */
async function repeat({ database }: MigratedDatabase, table: string, id: string): Promise<void> {
  await database.query(`CREATE TABLE copy_of_row AS SELECT * FROM ${table} WHERE id = '${id}-1'`);
  await database.query(`UPDATE copy_of_row SET id = '${id}-3'`);
  await database.query(`INSERT INTO ${table} SELECT * FROM copy_of_row`);
  await database.query('DROP TABLE copy_of_row');
}

describeDefects(schemaUniques, {
  'adds those per team and owner': {
    plant: changing(
      ['tools', { dropUniques: [SCOPED('name')] }],
      ['gateways', { dropUniques: [SCOPED('slug'), SCOPED('url')] }],
    ),
    findings: [
      'tools (team_id, owner_email, name): unique uq_team_owner_email_name_tool is missing',
      'gateways (team_id, owner_email, slug): unique uq_team_owner_slug_gateway is missing',
      'gateways (team_id, owner_email, url): unique uq_team_owner_url_gateway is missing',
    ],
    after: async (at) => expect(repeat(at, 'tools', 'tool')).rejects.toThrow(/unique|duplicate/i),
  },
  'adds those that v0.6.0 had': {
    plant: changing(
      ['resources', { dropUniques: [['uri']] }],
      // MySQL keeps the index that a foreign key needs until there is another.
      ['email_team_members', { addIndexes: [{ name: 'ix_team', columns: ['team_id'] }] }],
      ['email_team_members', { dropUniques: [['team_id', 'user_email']] }],
    ),
    findings: [
      'resources (uri): unique is missing',
      'email_team_members (team_id, user_email): unique uq_team_member is missing',
    ],
  },
  'gives one the name that later releases know': {
    plant: changing([
      'servers',
      {
        dropUniques: [SCOPED('name')],
        addUniques: [{ name: 'uq_something', columns: SCOPED('name'), constraint: true }],
      },
    ]),
    findings: ['servers (team_id, owner_email, name): unique uq_team_owner_name_server has another name'],
  },
  'adds none that rows do not keep to': {
    plant: async (at) => {
      await changing(['servers', { dropUniques: [SCOPED('name')] }])(at);
      await repeat(at, 'servers', 'server');
    },
    findings: [
      'uq_team_owner_name_server is missing, and cannot be added: 2 rows share 1 value',
      'servers server-1 “Server 1”: not the only one with its team_id, owner_email, name',
      'servers server-3 “Server 1”: not the only one with its team_id, owner_email, name',
    ],
    remaining: 3,
  },
});
