import { expect } from 'vitest';
import { personalTeam } from '../../src/checks/personal-team.ts';
import { teamMembership } from '../../src/checks/team-membership.ts';
import { teamVisibility } from '../../src/checks/team-visibility.ts';
import { changing, describeDefects } from '../support/defects.ts';
import { ADMIN, type MigratedDatabase } from '../support/migrated-database.ts';

const MEMBERS = 'SELECT role, CASE WHEN is_active THEN 1 ELSE 0 END FROM email_team_members';

/** Another team of the administrator, younger than the personal one. */
const addTeam = ({ database }: MigratedDatabase, id: string, isPersonal: boolean, visibility = 'private') =>
  database.query(
    `INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
     VALUES ('${id}', 'Team ${id}', '${id}', '${ADMIN}', ${isPersonal}, '${visibility}', '2099-01-01 00:00:00', '2099-01-01 00:00:00', true)`,
  );
const teams = ({ database }: MigratedDatabase) =>
  database.query(
    `SELECT CASE WHEN name = 'Dana Corp''s Team' THEN 'own' ELSE id END, visibility, CASE WHEN is_active THEN 1 ELSE 0 END
     FROM email_teams ORDER BY created_at, id`,
  );

describeDefects(teamVisibility, {
  'makes teams private that are neither private nor public': {
    plant: async (at) => {
      await changing(['email_teams', { dropChecks: ['ck_email_teams_visibility'] }])(at);
      await addTeam(at, 'club', false, 'team');
      await addTeam(at, 'forum', false, 'public');
    },
    findings: ['email_teams club “Team club”: visibility “team”'],
    also: ['teams.no-owner', 'schema.checks'],
    changes: ['email_teams'],
    after: async (at) => expect(await teams(at)).toBe('own\tprivate\t1\nclub\tprivate\t1\nforum\tpublic\t1'),
  },
});

describeDefects(personalTeam, {
  'makes one that is missing': {
    plant: ({ database }) => database.query('DELETE FROM email_teams'),
    findings: [`${ADMIN} has no personal team`],
    // The database itself takes the team out of its rows, and the members with it.
    also: ['ownership.orphans', 'team.membership'],
    changes: ['email_teams'],
    after: async (at) => expect(await teams(at)).toBe('own\tprivate\t1'),
  },
  'activates one and makes it private': {
    plant: ({ database }) =>
      database.query("UPDATE email_teams SET is_active = false, visibility = 'public'"),
    findings: [/^email_teams \S+ “Dana Corp's Team”: not active$/, /“Dana Corp's Team”: public$/],
    changes: ['email_teams'],
    after: async (at) => expect(await teams(at)).toBe('own\tprivate\t1'),
  },
  'deactivates another one that nothing belongs to': {
    plant: (at) => addTeam(at, 'second', true),
    findings: ['email_teams second “Team second”: another active personal team, which nothing belongs to'],
    changes: ['email_teams'],
    after: async (at) => expect(await teams(at)).toBe('own\tprivate\t1\nsecond\tprivate\t0'),
  },
  'keeps the one in use, even if it is younger': {
    plant: async (at) => {
      await addTeam(at, 'second', true);
      const tables = ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents'];
      for (const table of tables) await at.database.query(`UPDATE ${table} SET team_id = 'second'`);
      await at.database.query(
        `INSERT INTO email_team_members (id, team_id, user_email, role, joined_at, is_active)
         VALUES ('m', 'second', '${ADMIN}', 'owner', '2099-01-01 00:00:00', true)`,
      );
    },
    findings: [/“Dana Corp's Team”: another active personal team, which nothing belongs to$/],
    changes: ['email_teams'],
    after: async (at) => expect(await teams(at)).toBe('own\tprivate\t0\nsecond\tprivate\t1'),
  },
  'leaves two that are in use to people': {
    plant: async (at) => {
      await addTeam(at, 'second', true);
      await at.database.query("UPDATE tools SET team_id = 'second' WHERE id = 'tool-2'");
    },
    findings: ['second “Team second”: another active personal team, with 1 row and 0 other members'],
    remaining: 1,
  },
});

describeDefects(teamMembership, {
  'makes the administrator a member': {
    plant: ({ database }) => database.query('DELETE FROM email_team_members'),
    findings: [`${ADMIN} is no active member of the personal team as its owner`],
    changes: ['email_team_members'],
    after: async ({ database }) => expect(await database.query(MEMBERS)).toBe('owner\t1'),
  },
  'makes the administrator the owner again, and active': {
    plant: ({ database }) =>
      database.query("UPDATE email_team_members SET role = 'member', is_active = false"),
    findings: [`${ADMIN} is no active member of the personal team as its owner`],
    changes: ['email_team_members'],
    after: async ({ database }) => expect(await database.query(MEMBERS)).toBe('owner\t1'),
  },
});
