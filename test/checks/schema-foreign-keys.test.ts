import { expect, it } from 'vitest';
import { danglingForeignKeys } from '../../src/checks/dangling-foreign-keys.ts';
import { schemaForeignKeys } from '../../src/checks/schema-foreign-keys.ts';
import { references } from '../../src/schema/define.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { changing, describeDefects, unenforced } from '../support/defects.ts';
import { ADMIN, migratedDatabase } from '../support/migrated-database.ts';
import { fix } from '../support/run-checks.ts';

const GRANTED_BY_NOBODY = "UPDATE user_roles SET granted_by = 'system'";

describeDefects(schemaForeignKeys, {
  'adds what is missing': {
    plant: changing(
      ['tools', { dropForeignKeys: ['team_id'] }],
      ['email_teams', { dropForeignKeys: ['created_by'] }],
      ['tool_metrics', { dropForeignKeys: ['tool_id'] }],
    ),
    findings: [
      'tools.team_id → email_teams.id, on delete set null: the foreign key is missing',
      'email_teams.created_by → email_users.email: the foreign key is missing',
      'tool_metrics.tool_id → tools.id: the foreign key is missing',
    ],
  },
  'puts another in place of one that does something else': {
    plant: changing(
      ['servers', { dropForeignKeys: ['team_id'] }],
      ['servers', { addForeignKeys: [references('team_id', 'email_teams.id', 'CASCADE')] }],
    ),
    findings: ['servers.team_id → email_teams.id, on delete set null: the foreign key is another one'],
  },
  'adds none while rows point at nothing': {
    plant: async (at) => {
      await changing(
        ['user_roles', { dropForeignKeys: ['granted_by'] }],
        ['tools', { dropForeignKeys: ['team_id'] }],
      )(at);
      await at.database.query(GRANTED_BY_NOBODY);
    },
    findings: [
      'user_roles.granted_by → email_users.email: the foreign key is missing, and 1 row points at nothing',
      'tools.team_id → email_teams.id, on delete set null: the foreign key is missing',
    ],
    also: ['foreign-keys.dangling', 'roles.assignment'],
    remaining: 1,
  },
});

describeEachDatabase('schema.foreign-keys', ({ id }) => {
  it('adds one in the same run that mends its rows', async () => {
    const at = await migratedDatabase(id);
    await changing(['user_roles', { dropForeignKeys: ['granted_by'] }])(at);
    await unenforced(GRANTED_BY_NOBODY)(at);
    const result = await fix(at, [danglingForeignKeys, schemaForeignKeys]);
    expect(result.clean).toBe(true);
    expect(result.steps.map(({ id }) => id)).toEqual(['foreign-keys.dangling', 'schema.foreign-keys']);
    expect(await at.database.query('SELECT granted_by FROM user_roles')).toBe(ADMIN);
  });
});
