import { brokenEmailRules } from './admin-email.ts';
import { brokenPasswordRules } from './password-policy.ts';
import type { Settings } from './settings.ts';
import type { VariableName } from './variables.ts';

/** What the gateway ships with and everybody knows. */
export const DEFAULT_ADMIN_EMAIL = 'admin@example.com';
export const DEFAULT_ADMIN_PASSWORD = 'changeme';

/** Where a variable's text came from: a `Found` of settings that are loaded, or a `SettingSource`. */
type SourceOf = (name: VariableName) => { readonly source: string; readonly detail: string } | undefined;

/** `email_teams.name`, `email_teams.slug` and `email_users.full_name` are VARCHAR(255). */
const COLUMN_LENGTH = 255;
const TEAM_SUFFIX = "'s Team";

/** `text` is `rule; what to do`. */
export interface CredentialProblem {
  readonly variable: VariableName;
  readonly text: string;
}

/**
 * Everything wrong with the administrator's email, password and names.
 *
 * @param sourceOf tells what was left alone from what was set to the default
 * @param strict whether this run may create the administrator: only then do password and defaults matter
 */
export function credentialProblems(
  settings: Settings,
  sourceOf: SourceOf,
  { strict, allowDefaults }: { strict: boolean; allowDefaults: boolean },
): CredentialProblem[] {
  const email = brokenEmailRules(settings.platformAdminEmail);
  const password = strict ? brokenPasswordRules(settings.platformAdminPassword, settings) : [];
  if (strict && !allowDefaults) {
    if (settings.adminEmailIsDefault) {
      email.push(refusedDefault(sourceOf('PLATFORM_ADMIN_EMAIL'), `default ${DEFAULT_ADMIN_EMAIL}`));
    }
    if (settings.platformAdminPassword === DEFAULT_ADMIN_PASSWORD) {
      password.push(refusedDefault(sourceOf('PLATFORM_ADMIN_PASSWORD'), 'default password'));
    }
  }
  return [
    ...named('PLATFORM_ADMIN_EMAIL', email),
    ...named('PLATFORM_ADMIN_PASSWORD', password),
    ...named('PLATFORM_ADMIN_FULL_NAME', brokenNameRules(settings)),
    ...named('PERSONAL_TEAM_PREFIX', brokenPrefixRules(settings)),
  ];
}

/** @param value `default …` */
function refusedDefault(found: ReturnType<SourceOf>, value: string): string {
  const remedy = 'set your own or pass --allow-default-credentials';
  if (found === undefined || found.source === 'default') {
    return `it is not set, and the gateway's ${value} is refused; ${remedy}`;
  }
  return `it is set to the gateway's ${value} (${found.detail || `the ${found.source}`}), which is refused; ${remedy}`;
}

function brokenNameRules(settings: Settings): string[] {
  const name = settings.platformAdminFullName;
  const longest = COLUMN_LENGTH - TEAM_SUFFIX.length;
  const broken: string[] = [];
  if (/\p{Cc}/u.test(name)) broken.push('it holds a control character; write it on one line');
  if ([...name].length > longest) {
    broken.push(
      `it is longer than ${longest} characters, and <full name>${TEAM_SUFFIX} must fit a column; shorten it`,
    );
  }
  const localPart = settings.platformAdminEmail.split('@')[0] ?? '';
  if (name === '' && localPart.length > longest) {
    broken.push('it is empty and the email is too long to name the team after; set a full name');
  }
  return broken;
}

function brokenPrefixRules(settings: Settings): string[] {
  const prefix = settings.personalTeamPrefix;
  const broken: string[] = [];
  if (/\p{Cc}/u.test(prefix)) broken.push('it holds a control character; write it on one line');
  if ([...prefix].length + 1 + settings.platformAdminEmail.length > COLUMN_LENGTH) {
    broken.push(`<prefix>-<email> is longer than ${COLUMN_LENGTH} characters; shorten it`);
  }
  return broken;
}

function named(variable: VariableName, rules: readonly string[]): CredentialProblem[] {
  return rules.map((text) => ({ variable, text }));
}
