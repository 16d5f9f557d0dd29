import type { Migration } from '../src/migrate/migration.ts';
import {
  bigId,
  boolean,
  datetime,
  id,
  index,
  integer,
  json,
  references,
  string,
  table,
  text,
  unique,
  uniqueNamed,
} from '../src/schema/define.ts';

// The fifteen tables that v0.7.0 adds, as a new install of it has them, and the check on team visibility
// that its own upgrade adds (COMPATIBILITY §2). Referenced tables come first.

const emailUsers = table(
  'email_users',
  {
    email: string(255),
    password_hash: string(255),
    full_name: string(255).null(),
    is_admin: boolean(),
    is_active: boolean(),
    email_verified_at: datetime().null(),
    auth_provider: string(50),
    password_hash_type: string(20),
    failed_login_attempts: integer(),
    locked_until: datetime().null(),
    created_at: datetime(),
    updated_at: datetime(),
    last_login: datetime().null(),
  },
  {
    primaryKey: ['email'],
    indexes: [index('ix_email_users_email', 'email')],
  },
);

const emailAuthEvents = table(
  'email_auth_events',
  {
    id: id(),
    timestamp: datetime(),
    user_email: string(255).null(),
    event_type: string(50),
    success: boolean(),
    ip_address: string(45).null(),
    user_agent: text().null(),
    failure_reason: string(255).null(),
    details: text().null(),
  },
  {
    primaryKey: ['id'],
    indexes: [index('ix_email_auth_events_user_email', 'user_email')],
  },
);

const emailTeams = table(
  'email_teams',
  {
    id: string(36),
    name: string(255),
    slug: string(255),
    description: text().null(),
    created_by: string(255),
    is_personal: boolean(),
    visibility: string(20),
    max_members: integer().null(),
    created_at: datetime(),
    updated_at: datetime(),
    is_active: boolean(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('slug')],
    foreignKeys: [references('created_by', 'email_users.email')],
    checks: [{ name: 'ck_email_teams_visibility', expression: "visibility IN ('private', 'public')" }],
  },
);

const emailTeamMembers = table(
  'email_team_members',
  {
    id: string(36),
    team_id: string(36),
    user_email: string(255),
    role: string(50),
    joined_at: datetime(),
    invited_by: string(255).null(),
    is_active: boolean(),
  },
  {
    primaryKey: ['id'],
    uniques: [uniqueNamed('uq_team_member', 'team_id', 'user_email')],
    foreignKeys: [
      references('invited_by', 'email_users.email'),
      references('team_id', 'email_teams.id', 'CASCADE'),
      references('user_email', 'email_users.email'),
    ],
  },
);

const emailTeamInvitations = table(
  'email_team_invitations',
  {
    id: string(36),
    team_id: string(36),
    email: string(255),
    role: string(50),
    invited_by: string(255),
    invited_at: datetime(),
    expires_at: datetime(),
    token: string(500),
    is_active: boolean(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('token')],
    foreignKeys: [
      references('invited_by', 'email_users.email'),
      references('team_id', 'email_teams.id', 'CASCADE'),
    ],
  },
);

const emailTeamJoinRequests = table(
  'email_team_join_requests',
  {
    id: string(36),
    team_id: string(36),
    user_email: string(255),
    message: text().null(),
    status: string(20),
    requested_at: datetime(),
    expires_at: datetime(),
    reviewed_at: datetime().null(),
    reviewed_by: string(255).null(),
    notes: text().null(),
  },
  {
    primaryKey: ['id'],
    uniques: [uniqueNamed('uq_team_join_request', 'team_id', 'user_email')],
    foreignKeys: [
      references('reviewed_by', 'email_users.email'),
      references('team_id', 'email_teams.id', 'CASCADE'),
      references('user_email', 'email_users.email'),
    ],
  },
);

const emailApiTokens = table(
  'email_api_tokens',
  {
    id: string(36),
    user_email: string(255),
    team_id: string(36).null(),
    name: string(255),
    jti: string(36),
    token_hash: string(255),
    server_id: string(36).null(),
    resource_scopes: json().null(),
    ip_restrictions: json().null(),
    time_restrictions: json().null(),
    usage_limits: json().null(),
    created_at: datetime(),
    expires_at: datetime().null(),
    last_used: datetime().null(),
    is_active: boolean(),
    description: text().null(),
    tags: json().null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('jti'), uniqueNamed('uq_email_api_tokens_user_name', 'user_email', 'name')],
    indexes: [
      index('idx_email_api_tokens_expires_at', 'expires_at'),
      index('idx_email_api_tokens_is_active', 'is_active'),
      index('idx_email_api_tokens_jti', 'jti'),
      index('idx_email_api_tokens_user_email', 'user_email'),
      index('ix_email_api_tokens_team_id', 'team_id'),
      index('ix_email_api_tokens_user_email', 'user_email'),
    ],
    foreignKeys: [
      references('server_id', 'servers.id', 'CASCADE'),
      references('team_id', 'email_teams.id', 'SET NULL'),
      references('user_email', 'email_users.email', 'CASCADE'),
    ],
  },
);

const tokenRevocations = table(
  'token_revocations',
  {
    jti: string(36),
    revoked_at: datetime(),
    revoked_by: string(255),
    reason: string(255).null(),
  },
  {
    primaryKey: ['jti'],
    foreignKeys: [references('revoked_by', 'email_users.email')],
  },
);

const tokenUsageLogs = table(
  'token_usage_logs',
  {
    id: bigId(),
    token_jti: string(36),
    user_email: string(255),
    timestamp: datetime(),
    endpoint: string(255).null(),
    method: string(10).null(),
    ip_address: string(45).null(),
    user_agent: text().null(),
    status_code: integer().null(),
    response_time_ms: integer().null(),
    blocked: boolean(),
    block_reason: string(255).null(),
  },
  {
    primaryKey: ['id'],
    indexes: [
      index('idx_token_usage_logs_token_jti_timestamp', 'token_jti', 'timestamp'),
      index('idx_token_usage_logs_user_email_timestamp', 'user_email', 'timestamp'),
      index('ix_token_usage_logs_timestamp', 'timestamp'),
      index('ix_token_usage_logs_token_jti', 'token_jti'),
      index('ix_token_usage_logs_user_email', 'user_email'),
    ],
  },
);

const roles = table(
  'roles',
  {
    id: string(36),
    name: string(255),
    description: text().null(),
    scope: string(20),
    permissions: json(),
    inherits_from: string(36).null(),
    created_by: string(255),
    is_system_role: boolean(),
    is_active: boolean(),
    created_at: datetime(),
    updated_at: datetime(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('created_by', 'email_users.email'), references('inherits_from', 'roles.id')],
  },
);

const userRoles = table(
  'user_roles',
  {
    id: string(36),
    user_email: string(255),
    role_id: string(36),
    scope: string(20),
    scope_id: string(36).null(),
    granted_by: string(255),
    granted_at: datetime(),
    expires_at: datetime().null(),
    is_active: boolean(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [
      references('granted_by', 'email_users.email'),
      references('role_id', 'roles.id'),
      references('user_email', 'email_users.email'),
    ],
  },
);

const permissionAuditLog = table(
  'permission_audit_log',
  {
    id: id(),
    timestamp: datetime(),
    user_email: string(255).null(),
    permission: string(100),
    resource_type: string(50).null(),
    resource_id: string(255).null(),
    team_id: string(36).null(),
    granted: boolean(),
    roles_checked: json().null(),
    ip_address: string(45).null(),
    user_agent: text().null(),
  },
  {
    primaryKey: ['id'],
  },
);

const ssoProviders = table(
  'sso_providers',
  {
    id: string(50),
    name: string(100),
    display_name: string(100),
    provider_type: string(20),
    is_enabled: boolean(),
    client_id: string(255),
    client_secret_encrypted: text(),
    authorization_url: string(500),
    token_url: string(500),
    userinfo_url: string(500),
    issuer: string(500).null(),
    trusted_domains: json().filledWith("'[]'"),
    scope: string(200),
    auto_create_users: boolean(),
    team_mapping: json().filledWith("'{}'"),
    created_at: datetime(),
    updated_at: datetime(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('name')],
  },
);

const ssoAuthSessions = table(
  'sso_auth_sessions',
  {
    id: string(36),
    provider_id: string(50),
    state: string(128),
    code_verifier: string(128).null(),
    nonce: string(128).null(),
    redirect_uri: string(500),
    expires_at: datetime(),
    user_email: string(255).null(),
    created_at: datetime(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('state')],
    foreignKeys: [
      references('provider_id', 'sso_providers.id'),
      references('user_email', 'email_users.email'),
    ],
  },
);

const pendingUserApprovals = table(
  'pending_user_approvals',
  {
    id: string(36),
    email: string(255),
    full_name: string(255),
    auth_provider: string(50),
    sso_metadata: json().null(),
    requested_at: datetime(),
    expires_at: datetime(),
    approved_by: string(255).null(),
    approved_at: datetime().null(),
    status: string(20),
    rejection_reason: text().null(),
    admin_notes: text().null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('email')],
    foreignKeys: [references('approved_by', 'email_users.email')],
  },
);

const TABLES = [
  emailUsers,
  emailAuthEvents,
  emailTeams,
  emailTeamMembers,
  emailTeamInvitations,
  emailTeamJoinRequests,
  emailApiTokens,
  tokenRevocations,
  tokenUsageLogs,
  roles,
  userRoles,
  permissionAuditLog,
  ssoProviders,
  ssoAuthSessions,
  pendingUserApprovals,
];

export default {
  id: '0002_multi_tenancy_tables',
  title: 'Tables for users, teams, roles, tokens and single sign-on',
  when: 'before-seed',
  up(m) {
    for (const definition of TABLES) m.ensureTable(definition);
  },
  down(m) {
    for (const definition of TABLES.toReversed()) m.dropTable(definition.name);
  },
} satisfies Migration;
