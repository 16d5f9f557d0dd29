import { expect, it } from 'vitest';
import { schemaIndexes } from '../../src/checks/schema-parts.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { changing, describeDefects } from '../support/defects.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { verify } from '../support/run-checks.ts';

const TEAM = 'idx_tools_team_visibility';

describeDefects(schemaIndexes, {
  'adds what is missing': {
    plant: changing(
      ['tools', { dropIndexes: [TEAM, 'idx_tools_owner_visibility'] }],
      ['token_usage_logs', { dropIndexes: ['ix_token_usage_logs_timestamp'] }],
    ),
    findings: [
      `tools (team_id, visibility): index ${TEAM} is missing`,
      'tools (owner_email, visibility): index idx_tools_owner_visibility is missing',
      'token_usage_logs (timestamp): index ix_token_usage_logs_timestamp is missing',
    ],
  },
  'takes one of that name on other columns for missing': {
    plant: changing(
      ['tools', { dropIndexes: [TEAM] }],
      ['tools', { addIndexes: [{ name: TEAM, columns: ['visibility'] }] }],
    ),
    findings: [`tools (team_id, visibility): index ${TEAM} is missing`],
  },
});

describeEachDatabase('schema.indexes', ({ id }) => {
  it('is content with another name, and with more indexes than it knows', async () => {
    const at = await migratedDatabase(id);
    await changing(
      ['tools', { dropIndexes: [TEAM] }],
      ['tools', { addIndexes: [{ name: 'ix_mine', columns: ['team_id', 'visibility'] }] }],
      ['tools', { addIndexes: [{ name: 'ix_more', columns: ['enabled'] }] }],
    )(at);
    const [report] = await verify(at, [schemaIndexes]);
    expect(report).toMatchObject({ status: 'passed', count: 0 });
  });
});
