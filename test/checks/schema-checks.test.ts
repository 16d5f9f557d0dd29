import { expect } from 'vitest';
import { schemaChecks } from '../../src/checks/schema-parts.ts';
import { changing, describeDefects } from '../support/defects.ts';

const DROP = changing(['email_teams', { dropChecks: ['ck_email_teams_visibility'] }]);

describeDefects(schemaChecks, {
  'adds what is missing': {
    plant: DROP,
    findings: ["email_teams: ck_email_teams_visibility (visibility IN ('private', 'public')) is missing"],
    after: async ({ database }) =>
      expect(database.query("UPDATE email_teams SET visibility = 'team'")).rejects.toThrow(
        /check|constraint/i,
      ),
  },
  'adds none that rows do not keep to': {
    plant: async (at) => {
      await DROP(at);
      await at.database.query(
        `INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
         SELECT 'other', 'Other', 'other', created_by, false, 'team', created_at, updated_at, true FROM email_teams`,
      );
    },
    findings: ['is missing, and 1 row does not keep to it'],
    also: ['teams.no-owner', 'team.visibility'],
    remaining: 1,
  },
});
