import { expect } from 'vitest';
import { schemaColumns } from '../../src/checks/schema-columns.ts';
import { column, integer, string } from '../../src/schema/define.ts';
import { changing, describeDefects, unenforced } from '../support/defects.ts';
import { recreate } from '../support/recreate-sqlite-table.ts';

const visibility = column('visibility', string(20).defaultTo("'private'"));
const json = (name: string) => ({ ...column(name, string(20).null()), kind: 'json', length: null }) as const;

describeDefects(schemaColumns, {
  'names columns that are missing': {
    plant: changing(
      ['token_usage_logs', { dropColumns: ['block_reason'] }],
      ['prompts', { dropColumns: ['modified_via'] }],
    ),
    findings: [
      'token_usage_logs.block_reason: the column is missing',
      'prompts.modified_via: the column is missing',
    ],
    remaining: 2,
  },
  'names a column that holds something else': {
    plant: changing(
      ['token_usage_logs', { dropColumns: ['status_code'] }],
      ['token_usage_logs', { addColumns: [{ column: column('status_code', string(10).null()) }] }],
      ['pending_user_approvals', { dropColumns: ['status'] }],
      ['pending_user_approvals', { addColumns: [{ column: column('status', integer()) }] }],
    ),
    findings: [
      /token_usage_logs\.status_code: holds .+, not integer/,
      /pending_user_approvals\.status: holds .+, not string of 20/,
    ],
    remaining: 2,
  },
  'widens a column that is too short': {
    plant: changing(
      ['pending_user_approvals', { dropColumns: ['full_name'] }],
      ['pending_user_approvals', { addColumns: [{ column: column('full_name', string(100)) }] }],
    ),
    findings: ['pending_user_approvals.full_name: holds 100 characters, not 255'],
  },
  'brings back the default of visibility': {
    plant: changing(['tools', { alterColumns: [{ ...visibility, type: 'VARCHAR(20)', default: null }] }]),
    findings: ["tools.visibility: defaults to nothing, not 'private'"],
  },
  'takes NULL away from visibility, and its default back': {
    plant: async (at) => {
      await changing([
        'tools',
        { alterColumns: [{ ...visibility, type: 'VARCHAR(20)', nullable: true, default: null }] },
      ])(at);
      await at.database.query("UPDATE tools SET visibility = NULL WHERE id = 'tool-2'");
    },
    findings: [
      'tools.visibility: may be NULL, and is in 1 row',
      "tools.visibility: defaults to nothing, not 'private'",
    ],
    also: ['ownership.visibility'],
    changes: ['tools'],
    after: async ({ database }) =>
      expect(await database.query('SELECT id, visibility FROM tools ORDER BY id')).toBe(
        'tool-1\tpublic\ntool-2\tprivate',
      ),
  },
  'fills what migrations would fill': {
    plant: async (at) => {
      const column = await typeOf(at.database.dialect);
      await changing([
        'sso_providers',
        {
          alterColumns: [
            { ...json('trusted_domains'), ...column },
            { ...json('team_mapping'), ...column },
          ],
        },
      ])(at);
      await at.database.query(
        `INSERT INTO sso_providers (id, name, display_name, provider_type, is_enabled, client_id,
           client_secret_encrypted, authorization_url, token_url, userinfo_url, trusted_domains, scope,
           auto_create_users, team_mapping, created_at, updated_at)
         VALUES ('p', 'p', 'P', 'oidc', false, 'c', 'x', 'u', 'u', 'u', NULL, 's', false, NULL,
           '2025-08-01 10:00:00', '2025-08-01 10:00:00')`,
      );
    },
    findings: [
      'sso_providers.trusted_domains: may be NULL, and is in 1 row',
      'sso_providers.team_mapping: may be NULL, and is in 1 row',
    ],
    changes: ['sso_providers'],
    after: async ({ database }) =>
      expect(await database.query('SELECT trusted_domains, team_mapping FROM sso_providers')).toBe('[]\t{}'),
  },
  'keeps NOT NULL away while rows hold NULL that nothing can fill': {
    plant: async (at) => {
      await changing([
        'email_team_join_requests',
        { alterColumns: [{ ...column('status', string(20).null()), type: 'VARCHAR(20)' }] },
      ])(at);
      await at.database.query(
        `INSERT INTO email_team_join_requests (id, team_id, user_email, requested_at, expires_at)
         SELECT 'r', id, created_by, created_at, created_at FROM email_teams`,
      );
    },
    findings: ['email_team_join_requests.status: may be NULL, and is in 1 row'],
    remaining: 1,
  },
  'allows NULL again': {
    plant: changing([
      'permission_audit_log',
      { alterColumns: [{ ...column('team_id', string(36)), type: 'VARCHAR(36)' }] },
    ]),
    findings: ['permission_audit_log.team_id: may not be NULL, but must be allowed to'],
  },
  'makes an id count up again': {
    on: ['sqlite'],
    plant: ({ database }) => recreate(database, 'token_usage_logs', /\bid INTEGER/, 'id BIGINT'),
    findings: ['token_usage_logs.id: does not count up by itself, so that every insert fails'],
    after: async ({ database }) => {
      await database.query(
        "INSERT INTO token_usage_logs (token_jti, user_email, timestamp, blocked) VALUES ('j', 'u', '2025-08-01', 0)",
      );
      expect(await database.query('SELECT id FROM token_usage_logs')).toBe('1');
    },
  },
  'gives times their zone back': {
    on: ['postgresql'],
    plant: async (at) => {
      await unenforced('ALTER TABLE gateways ALTER COLUMN last_seen TYPE timestamp')(at);
      await at.database.query("UPDATE gateways SET last_seen = '2025-08-01 10:00:00' WHERE id = 'gateway-1'");
    },
    findings: ['gateways.last_seen: holds timestamp without time zone, not timestamp with time zone'],
    after: async ({ database }) =>
      expect(
        await database.query("SELECT last_seen AT TIME ZONE 'UTC' FROM gateways WHERE id = 'gateway-1'"),
      ).toBe('2025-08-01 10:00:00'),
  },
});

/** How a dialect spells the type of a JSON column, for changes that need the whole definition. */
async function typeOf(dialect: string) {
  return { type: dialect === 'postgresql' ? 'json' : 'JSON' };
}
