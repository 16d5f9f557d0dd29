import type { z } from 'zod';
import { DEFAULT_ENCRYPTION_SECRET } from './gateway-secrets.ts';
import { list, oneOf, optionalText, text, wholeNumber, yesOrNo } from './variable-schemas.ts';

export interface Variable {
  /** In upper case; the environment and `.env` may write it in any case. */
  readonly name: string;
  /** From the variable's text to its value. */
  readonly schema: z.ZodType<unknown, string>;
  /** As text; empty when there is none. */
  readonly default: string;
  /** One line, for `.env.example` and `mcpgw config`. */
  readonly meaning: string;
  readonly secret: boolean;
  readonly group: VariableGroup;
  /** Whether an empty text is a value; where it is not, it means the variable is not set. */
  readonly emptyIsValue: boolean;
}

export type VariableGroup =
  | 'Database'
  | 'Administrator'
  | 'Password hash'
  | 'Password policy'
  | 'Gateway'
  | 'SSO';

const GiB_IN_KIB = 1024 * 1024;
const UINT32 = 4_294_967_295;

/**
 * Every variable that is read (COMPATIBILITY §3 and our own), in the order of `.env.example`. Defaults are the
 * gateway's. What spans several variables is checked where settings are loaded.
 */
export const VARIABLES = [
  database(
    'DATABASE_URL',
    text,
    'sqlite:///./mcp.db',
    'SQLAlchemy URL of the database: sqlite, postgresql, mysql or mariadb',
    true,
  ),
  database('DATABASE_URL_FILE', optionalText, '', 'File that holds DATABASE_URL; set one of the two'),
  database('DB_POOL_SIZE', wholeNumber(0, 100_000), '200', "Connections the gateway's pool keeps open"),
  database(
    'DB_MAX_OVERFLOW',
    wholeNumber(-1, 100_000),
    '10',
    "Connections the gateway's pool may open beyond its size; -1 is no limit",
  ),
  database(
    'DB_POOL_TIMEOUT',
    wholeNumber(0, UINT32),
    '30',
    'Seconds the gateway waits for a connection from its pool',
  ),
  database(
    'DB_POOL_RECYCLE',
    wholeNumber(-1, UINT32),
    '3600',
    'Seconds after which the gateway renews a connection; -1 is never',
  ),
  database(
    'DB_MAX_RETRIES',
    wholeNumber(0, 1_000_000),
    '3',
    'How often to try the connection again before giving up',
  ),
  database('DB_RETRY_INTERVAL_MS', wholeNumber(0, 86_400_000), '2000', 'Milliseconds between two tries'),

  variable(
    'Administrator',
    'EMAIL_AUTH_ENABLED',
    yesOrNo,
    'true',
    'Whether users log in by email; false leaves administrator, team and owners out',
  ),
  variable(
    'Administrator',
    'PLATFORM_ADMIN_EMAIL',
    text,
    'admin@example.com',
    'Email of the administrator; the default is refused',
    { emptyIsValue: true },
  ),
  variable(
    'Administrator',
    'PLATFORM_ADMIN_PASSWORD',
    text,
    'changeme',
    'Password of the administrator, for the first login; the default is refused',
    { secret: true, emptyIsValue: true },
  ),
  variable(
    'Administrator',
    'PLATFORM_ADMIN_PASSWORD_FILE',
    optionalText,
    '',
    'File that holds PLATFORM_ADMIN_PASSWORD; set one of the two',
  ),
  variable(
    'Administrator',
    'PLATFORM_ADMIN_FULL_NAME',
    text,
    'Platform Administrator',
    "Full name of the administrator; the personal team is called <full name>'s Team",
    { emptyIsValue: true },
  ),
  variable(
    'Administrator',
    'AUTO_CREATE_PERSONAL_TEAMS',
    yesOrNo,
    'true',
    'Whether the gateway gives each new user a personal team',
  ),
  variable(
    'Administrator',
    'MAX_MEMBERS_PER_TEAM',
    wholeNumber(0, 2_147_483_647),
    '100',
    'Members that a new team takes at most; 0 is no limit',
  ),
  variable(
    'Administrator',
    'MAX_TEAMS_PER_USER',
    wholeNumber(1, 2_147_483_647),
    '50',
    'Teams that a user is in at most, the personal one apart',
  ),
  variable(
    'Administrator',
    'PERSONAL_TEAM_PREFIX',
    text,
    'personal',
    "Start of a personal team's slug when the slug of its name is taken",
    { emptyIsValue: true },
  ),

  variable(
    'Password hash',
    'PASSWORD_HASH',
    oneOf(['argon2id', 'bcrypt']),
    'argon2id',
    'Hash of new passwords: argon2id, or bcrypt, which v0.7.0 of the gateway cannot verify',
  ),
  variable(
    'Password hash',
    'ARGON2ID_TIME_COST',
    wholeNumber(1, UINT32),
    '3',
    'Argon2id time cost: passes over the memory',
  ),
  variable(
    'Password hash',
    'ARGON2ID_MEMORY_COST',
    wholeNumber(8, 4 * GiB_IN_KIB),
    '65536',
    'Argon2id memory cost in KiB, at least 8 for each lane',
  ),
  variable(
    'Password hash',
    'ARGON2ID_PARALLELISM',
    wholeNumber(1, 16_777_215),
    '1',
    'Argon2id parallelism: lanes',
  ),

  variable(
    'Password policy',
    'PASSWORD_MIN_LENGTH',
    wholeNumber(1, 10_000),
    '8',
    'Least number of characters of a password',
  ),
  variable(
    'Password policy',
    'PASSWORD_REQUIRE_UPPERCASE',
    yesOrNo,
    'false',
    'Whether a password needs an upper-case letter A-Z',
  ),
  variable(
    'Password policy',
    'PASSWORD_REQUIRE_LOWERCASE',
    yesOrNo,
    'false',
    'Whether a password needs a lower-case letter a-z',
  ),
  variable(
    'Password policy',
    'PASSWORD_REQUIRE_NUMBERS',
    yesOrNo,
    'false',
    'Whether a password needs a digit',
  ),
  variable(
    'Password policy',
    'PASSWORD_REQUIRE_SPECIAL',
    yesOrNo,
    'false',
    'Whether a password needs one of !@#$%^&*(),.?":{}|<>',
  ),

  variable(
    'Gateway',
    'GATEWAY_TOOL_NAME_SEPARATOR',
    oneOf(['-', '--', '_', '.']),
    '-',
    'Separator of the words of a slug, and of gateway and tool: - -- _ or .',
  ),
  variable(
    'Gateway',
    'AUTH_ENCRYPTION_SECRET',
    text,
    DEFAULT_ENCRYPTION_SECRET,
    'Secret that the gateway encrypts stored credentials with: those of gateways, tools and providers',
    { secret: true, emptyIsValue: true },
  ),
  variable(
    'Gateway',
    'LOG_LEVEL',
    oneOf(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']),
    'INFO',
    'Level of the log: DEBUG, INFO, WARNING, ERROR or CRITICAL',
  ),

  sso('SSO_ENABLED', yesOrNo, 'false', 'Whether the gateway offers single sign-on'),
  sso('SSO_GITHUB_ENABLED', yesOrNo, 'false', 'Whether GitHub is a provider'),
  sso('SSO_GITHUB_CLIENT_ID', optionalText, '', 'OAuth client ID at GitHub'),
  sso('SSO_GITHUB_CLIENT_SECRET', optionalText, '', 'OAuth client secret at GitHub', true),
  sso('SSO_GOOGLE_ENABLED', yesOrNo, 'false', 'Whether Google is a provider'),
  sso('SSO_GOOGLE_CLIENT_ID', optionalText, '', 'OAuth client ID at Google'),
  sso('SSO_GOOGLE_CLIENT_SECRET', optionalText, '', 'OAuth client secret at Google', true),
  sso('SSO_IBM_VERIFY_ENABLED', yesOrNo, 'false', 'Whether IBM Security Verify is a provider'),
  sso('SSO_IBM_VERIFY_CLIENT_ID', optionalText, '', 'Client ID at IBM Security Verify'),
  sso('SSO_IBM_VERIFY_CLIENT_SECRET', optionalText, '', 'Client secret at IBM Security Verify', true),
  sso('SSO_IBM_VERIFY_ISSUER', optionalText, '', 'Issuer URL of IBM Security Verify'),
  sso('SSO_OKTA_ENABLED', yesOrNo, 'false', 'Whether Okta is a provider'),
  sso('SSO_OKTA_CLIENT_ID', optionalText, '', 'Client ID at Okta'),
  sso('SSO_OKTA_CLIENT_SECRET', optionalText, '', 'Client secret at Okta', true),
  sso('SSO_OKTA_ISSUER', optionalText, '', 'Issuer URL of Okta'),
  sso(
    'SSO_AUTO_CREATE_USERS',
    yesOrNo,
    'true',
    'Whether the first login through a provider creates the user',
  ),
  sso('SSO_TRUSTED_DOMAINS', list, '', 'Email domains that are trusted: a,b or ["a","b"]'),
  sso(
    'SSO_AUTO_ADMIN_DOMAINS',
    list,
    '',
    'Email domains whose users become administrators: a,b or ["a","b"]',
  ),
  sso(
    'SSO_GITHUB_ADMIN_ORGS',
    list,
    '',
    'GitHub organisations whose members become administrators: a,b or ["a","b"]',
  ),
  sso(
    'SSO_GOOGLE_ADMIN_DOMAINS',
    list,
    '',
    'Google domains whose users become administrators: a,b or ["a","b"]',
  ),
] as const;

export type VariableName = (typeof VARIABLES)[number]['name'];

function variable<const Name extends string, Schema extends z.ZodType<unknown, string>>(
  group: VariableGroup,
  name: Name,
  schema: Schema,
  defaultText: string,
  meaning: string,
  { secret = false, emptyIsValue = false }: { secret?: boolean; emptyIsValue?: boolean } = {},
) {
  return {
    name,
    schema,
    default: defaultText,
    meaning,
    secret,
    group,
    emptyIsValue,
  } as const satisfies Variable;
}

function database<const Name extends string, Schema extends z.ZodType<unknown, string>>(
  name: Name,
  schema: Schema,
  defaultText: string,
  meaning: string,
  secret = false,
) {
  return variable('Database', name, schema, defaultText, meaning, { secret });
}

function sso<const Name extends string, Schema extends z.ZodType<unknown, string>>(
  name: Name,
  schema: Schema,
  defaultText: string,
  meaning: string,
  secret = false,
) {
  return variable('SSO', name, schema, defaultText, meaning, { secret });
}
