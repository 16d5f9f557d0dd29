import { expect } from 'vitest';
import { danglingForeignKeys } from '../../src/checks/dangling-foreign-keys.ts';
import { describeDefects, unenforced } from '../support/defects.ts';
import { ADMIN } from '../support/migrated-database.ts';

const AT = "'2025-08-01 10:00:00'";
const TEAM = `(SELECT id FROM email_teams WHERE created_by = '${ADMIN}')`;
const role = (id: string, more: string, values: string) =>
  `INSERT INTO roles (id, name, scope, permissions, is_system_role, is_active, created_at, updated_at, ${more})
   VALUES ('${id}', 'auditor', 'team', '[]', false, true, ${AT}, ${AT}, ${values})`;
const token = (id: string, more: string, values: string) =>
  `INSERT INTO email_api_tokens (id, user_email, name, jti, token_hash, created_at, is_active, ${more})
   VALUES ('${id}', '${ADMIN}', '${id}', '${id}', 'x', ${AT}, true, ${values})`;
const assignment = (id: string, email: string, roleId: string) =>
  `INSERT INTO user_roles (id, user_email, role_id, scope, granted_by, granted_at, is_active)
   VALUES ('${id}', '${email}', ${roleId}, 'team', '${ADMIN}', ${AT}, true)`;

describeDefects(danglingForeignKeys, {
  'deletes what belonged to what is gone': {
    plant: unenforced(
      [
        `INSERT INTO tool_metrics (tool_id, timestamp, response_time, is_success) VALUES ('gone', ${AT}, 1, true)`,
        "INSERT INTO server_tool_association (server_id, tool_id) VALUES ('server-2', 'gone')",
        `INSERT INTO mcp_messages (session_id, message, created_at, last_accessed) VALUES ('gone', 'x', ${AT}, ${AT})`,
        `INSERT INTO oauth_tokens (id, gateway_id, user_id, access_token, token_type, created_at, updated_at) VALUES ('o', 'gone', 'u', 'secret-token', 'Bearer', ${AT}, ${AT})`,
      ].join(';'),
    ),
    findings: [
      /^tool_metrics \d+: tool_id “gone” is in no tools\.id$/,
      /^server_tool_association server-2, gone: tool_id “gone” is in no tools\.id$/,
      /^mcp_messages \d+: session_id “gone” is in no mcp_sessions\.session_id$/,
      /^oauth_tokens o: gateway_id “gone” is in no gateways\.id$/,
    ],
    changes: ['tool_metrics', 'server_tool_association', 'mcp_messages', 'oauth_tokens'],
    after: async ({ database }) => {
      expect(await database.query('SELECT tool_id FROM tool_metrics ORDER BY 1')).toBe('tool-1\ntool-2');
      expect(await database.query('SELECT count(*) FROM server_tool_association')).toBe('2');
      expect(await database.query('SELECT id FROM oauth_tokens')).toBe('oauth-1');
    },
  },
  'names the user of an assignment as the one who granted it': {
    plant: unenforced("UPDATE user_roles SET granted_by = 'system'"),
    findings: [/^user_roles [0-9a-f-]{36}: granted_by “system” is in no email_users\.email$/],
    also: ['roles.assignment'],
    changes: ['user_roles'],
    after: async ({ database }) =>
      expect(await database.query('SELECT granted_by FROM user_roles')).toBe(ADMIN),
  },
  'deletes assignments and memberships of users who are gone': {
    plant: unenforced(
      [
        assignment('a', 'gone@corp.example.com', "(SELECT id FROM roles WHERE name = 'viewer')"),
        assignment('b', ADMIN, "'gone'"),
        `INSERT INTO email_team_members (id, team_id, user_email, role, joined_at, is_active)
         VALUES ('m', ${TEAM}, 'gone@corp.example.com', 'member', ${AT}, true)`,
      ].join(';'),
    ),
    findings: [
      'user_roles a: user_email “gone@corp.example.com” is in no email_users.email',
      'user_roles b: role_id “gone” is in no roles.id',
      'email_team_members m: user_email “gone@corp.example.com” is in no email_users.email',
    ],
    also: ['roles.unusable'],
    changes: ['user_roles', 'email_team_members'],
    after: async ({ database }) => expect(await database.query('SELECT count(*) FROM user_roles')).toBe('1'),
  },
  'gives what somebody made to the administrator': {
    plant: unenforced(
      [
        role('r1', 'created_by', "'gone@corp.example.com'"),
        `INSERT INTO token_revocations (jti, revoked_at, revoked_by) VALUES ('j', ${AT}, 'gone@corp.example.com')`,
        `INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
         VALUES ('t', 'Gone', 'gone', 'gone@corp.example.com', true, 'private', ${AT}, ${AT}, true)`,
      ].join(';'),
    ),
    findings: [
      'roles r1: created_by “gone@corp.example.com”',
      'token_revocations j: revoked_by “gone@corp.example.com”',
      'email_teams t: created_by “gone@corp.example.com”',
    ],
    also: ['teams.no-owner'],
    changes: ['roles', 'token_revocations', 'email_teams'],
    after: async ({ database }) => {
      expect(await database.query("SELECT created_by FROM roles WHERE id = 'r1'")).toBe(ADMIN);
      expect(await database.query('SELECT revoked_by FROM token_revocations')).toBe(ADMIN);
      // Not a second personal team of the administrator.
      expect(
        await database.query(
          `SELECT count(*) FROM email_teams WHERE created_by = '${ADMIN}' AND is_personal`,
        ),
      ).toBe('1');
      expect(await database.query(`SELECT count(*) FROM email_teams WHERE created_by = '${ADMIN}'`)).toBe(
        '2',
      );
    },
  },
  'empties what may be empty': {
    plant: unenforced(
      [
        role('r1', 'created_by, inherits_from', `'${ADMIN}', 'gone'`),
        token('t1', 'team_id', "'gone'"),
        "UPDATE email_team_members SET invited_by = 'gone@corp.example.com'",
      ].join(';'),
    ),
    findings: [
      'roles r1: inherits_from “gone” is in no roles.id',
      'email_api_tokens t1: team_id “gone” is in no email_teams.id',
      /^email_team_members [0-9a-f]{32}: invited_by “gone@corp\.example\.com”/,
    ],
    changes: ['roles', 'email_api_tokens', 'email_team_members'],
    after: async ({ database }) => {
      expect(await database.query("SELECT inherits_from FROM roles WHERE id = 'r1'")).toBe('NULL');
      expect(await database.query('SELECT team_id FROM email_api_tokens')).toBe('NULL');
    },
  },
  'deletes a token for one server rather than let it loose on all': {
    plant: unenforced([token('t1', 'server_id', "'gone'"), token('t2', 'server_id', "'server-1'")].join(';')),
    findings: ['email_api_tokens t1: server_id “gone” is in no servers.id'],
    changes: ['email_api_tokens'],
    after: async ({ database }) => expect(await database.query('SELECT id FROM email_api_tokens')).toBe('t2'),
  },
  'leaves tools of a gateway that is gone to people': {
    plant: unenforced(
      "UPDATE tools SET gateway_id = 'gone' WHERE id = 'tool-1'; UPDATE user_roles SET granted_by = 'system'",
    ),
    findings: ['tools tool-1: gateway_id “gone” is in no gateways.id', 'granted_by “system”'],
    also: ['roles.assignment'],
    remaining: 1,
    changes: ['user_roles'],
  },
});
