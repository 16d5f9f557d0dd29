import { resolve } from 'node:path';
import { GatewayError } from '../errors.ts';
import { normaliseEmail } from './admin-email.ts';
import { credentialProblems, DEFAULT_ADMIN_EMAIL } from './credentials.ts';
import type { DatabaseTarget } from './database-target.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { envByName } from './env-by-name.ts';
import { type EnvFile, readEnvFile } from './env-file.ts';
import { withExistingFile } from './existing-name.ts';
import { type MisspeltName, misspeltNames } from './misspelt-names.ts';
import { namingSource } from './naming-source.ts';
import { readSecretFile } from './secret-file.ts';
import type { NotASetting, Settings } from './settings.ts';
import { unreadSsoNames } from './unread-sso-names.ts';
import { VARIABLES, type Variable, type VariableName } from './variables.ts';

export interface SettingsFlags {
  readonly databaseUrl?: string | undefined;
  readonly databaseUrlFile?: string | undefined;
  /** Without it `.env` in the working directory is read when it is there. */
  readonly envFile?: string | undefined;
}

export interface SettingsInput {
  readonly flags: SettingsFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start here. */
  readonly cwd: string;
  /** `required` where the administrator may be created (migrate), `optional` elsewhere. */
  readonly credentials: 'required' | 'optional';
  readonly allowDefaultCredentials: boolean;
  /**
   * `read` for what only tells about the database: then a misspelt variable of the administrator is no problem.
   * One that names the database always is, since every answer would be about another one. `write` by default.
   */
  readonly purpose?: 'read' | 'write';
}

export interface SettingSource {
  /** For people: secrets are `***`. */
  readonly value: string;
  readonly source: 'flag' | 'environment' | '.env' | 'file' | 'default';
  /** The flag, the path and line of the `.env` file, or the path of the secret's file; else empty. */
  readonly detail: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly target: DatabaseTarget;
  readonly sources: ReadonlyMap<VariableName, SettingSource>;
  readonly warnings: readonly string[];
}

/** What could be made of the settings, and everything that is wrong with them. */
export interface InspectedSettings extends Omit<LoadedSettings, 'target'> {
  /** Null when it cannot be told which database is meant. */
  readonly target: DatabaseTarget | null;
  readonly problems: readonly SettingProblem[];
  /** Variables that look like a known one; those that decide something are among the problems, too. */
  readonly misspelt: readonly MisspeltName[];
  /** DATABASE_URL has a `%` somewhere. */
  readonly percentInUrl: boolean;
}

/** A variable's text and where it was found. */
interface Found {
  readonly text: string;
  readonly source: SettingSource['source'];
  readonly detail: string;
  /** Why the text cannot be used, when it is the one that counts. */
  readonly problem?: string;
}

/** One place settings come from: the text of a variable, or null when it says nothing about it. */
type Level = (name: VariableName) => Found | null;

/** Pairs of a secret and the variable that names a file with it. */
const SECRET_FILES = [
  ['DATABASE_URL', 'DATABASE_URL_FILE'],
  ['PLATFORM_ADMIN_PASSWORD', 'PLATFORM_ADMIN_PASSWORD_FILE'],
] as const satisfies readonly (readonly [VariableName, VariableName])[];

/** Where the database is travels as a `DatabaseTarget`; the files have been read. */
const NOT_SETTINGS: ReadonlySet<VariableName> = new Set([
  'DATABASE_URL',
  'DATABASE_URL_FILE',
  'PLATFORM_ADMIN_PASSWORD_FILE',
] satisfies NotASetting[]);

export interface SettingProblem {
  readonly code: 'SETTINGS' | 'URL' | 'SECRET_FILE';
  readonly variable: string;
  /** Where somebody looks for its value who has not written it into the variable: a flag, or a file. */
  readonly givenBy?: string | undefined;
  /** `rule; what to do` */
  readonly text: string;
}

/** For people: `VARIABLE: rule; what to do`. */
export function problemLine({
  variable,
  givenBy = variable,
  text,
}: Pick<SettingProblem, 'variable' | 'givenBy' | 'text'>): string {
  return `${givenBy}: ${text}`;
}

/**
 * Settles every setting: flags, then the environment, then `.env`, then the default. An empty text means "not
 * set", except for the administrator's email, password and name, the team prefix, and the secret of stored
 * credentials, which the gateway would take as they are; beside the file of a secret an empty text never counts.
 *
 * @returns settings, the database they point to, where each value came from, and warnings
 * @throws GatewayError ENV_FILE when `.env` cannot be parsed, otherwise SETTINGS with every problem in `details`
 *   (URL or SECRET_FILE when that is the only one)
 */
export function loadSettings(input: SettingsInput): LoadedSettings {
  const { file, error } = readEnvFile(envFilePath(input), input.flags.envFile !== undefined, input.env);
  if (error !== null) {
    const { code, message, hint, details, cause } = error;
    const others = problemsBeside(input, file).map(problemLine);
    throw new GatewayError(code, message, { hint, details: [...details, ...others], cause });
  }
  const { problems, target, settings, sources, warnings } = inspectSettings(input, file);
  if (problems.length > 0 || target === null) throw failure(problems);
  return { settings, target, sources, warnings };
}

/** Absolute: the file with settings that is named, or the one that is looked for. */
export function envFilePath({ cwd, flags }: Pick<SettingsInput, 'cwd' | 'flags'>): string {
  return resolve(cwd, flags.envFile ?? '.env');
}

/**
 * What is wrong with the settings besides the lines of a file that could not be read. Any of these may set what
 * looks as if it were not set: nothing is said of that.
 */
export function problemsBeside(input: SettingsInput, file: EnvFile | null): readonly SettingProblem[] {
  const { problems, sources } = inspectSettings(input, file);
  return problems.filter(
    ({ variable }) => (sources.get(variable as VariableName)?.source ?? 'default') !== 'default',
  );
}

/** What `loadSettings` does, with the problems returned: where a text breaks its rule the default stands in. */
export function inspectSettings(input: SettingsInput, file: EnvFile | null): InspectedSettings {
  const problems: SettingProblem[] = [];
  const levels = [flagLevel(input.flags), environmentLevel(input.env), envFileLevel(file)];
  const found = new Map<VariableName, Found>();
  for (const variable of VARIABLES) {
    let given = levels.map((level) => level(variable.name)).find((candidate) => candidate !== null);
    if (given?.problem !== undefined) {
      // Most commands do without this one: those that need it refuse an empty one.
      if (variable.name === 'AUTH_ENCRYPTION_SECRET') given = { ...given, text: '' };
      else problems.push({ code: 'SETTINGS', variable: variable.name, text: given.problem });
    }
    found.set(variable.name, given ?? { text: variable.default, source: 'default', detail: '' });
  }
  readSecretFiles(levels, input.cwd, found, problems);
  const isSet = (name: string) => {
    const source = found.get(name as VariableName)?.source;
    return source !== undefined && source !== 'default';
  };
  const misspelt = misspeltNames(file, input.env, isSet);
  problems.push(...misspeltProblems(misspelt, input.purpose ?? 'write'));

  const settings = readSettings(found, unreadSsoNames(file, input.env, isSet), problems);
  const parsed = readTarget(found, input, problems);
  const warnings = [...(parsed?.warnings ?? [])];
  const strict = input.credentials === 'required' && settings.emailAuthEnabled;
  // Of a variable that could not be read, or is there under another name, enough is said.
  const told = new Set(problems.map(({ variable }) => contentOf(variable)));
  const sources = (name: VariableName) => found.get(name);
  const rules = { strict, allowDefaults: input.allowDefaultCredentials };
  for (const problem of credentialProblems(settings, sources, rules)) {
    const isTold = /^PLATFORM_ADMIN_(EMAIL|PASSWORD)$/.test(problem.variable) && told.has(problem.variable);
    if (!isTold) problems.push({ code: 'SETTINGS', ...problem });
  }
  warnings.push(...quotedValues(found));
  if (settings.passwordHash === 'bcrypt') {
    warnings.push(
      'PASSWORD_HASH: v0.7.0 of the gateway verifies Argon2 only: an administrator with a bcrypt hash cannot log in',
    );
  }
  const target = parsed?.target ?? null;
  return {
    settings,
    target,
    sources: sourcesOf(found, target),
    warnings,
    problems,
    misspelt,
    percentInUrl: found.get('DATABASE_URL')?.text.includes('%') ?? false,
  };
}

/** Whoever wrote the name meant something by it: the default is not taken in its place. */
function misspeltProblems(
  names: readonly MisspeltName[],
  purpose: NonNullable<SettingsInput['purpose']>,
): SettingProblem[] {
  return names.flatMap(({ name, meant, place, decides }): SettingProblem[] => {
    if (decides === null || (decides === 'as whom' && purpose === 'read')) return [];
    const text = `it is not set, but ${name} is (${place}), which nothing reads; write ${meant} there, or take ${name} out`;
    return [{ code: 'SETTINGS', variable: meant, text }];
  });
}

function flagLevel(flags: SettingsFlags): Level {
  return (name) => {
    if (name === 'DATABASE_URL' && flags.databaseUrl !== undefined) {
      return { text: flags.databaseUrl, source: 'flag', detail: '--database-url' };
    }
    if (name === 'DATABASE_URL_FILE' && flags.databaseUrlFile !== undefined) {
      return { text: flags.databaseUrlFile, source: 'flag', detail: '--database-url-file' };
    }
    return null;
  };
}

function environmentLevel(env: SettingsInput['env']): Level {
  const byName = envByName(env);
  return (name) => {
    const text = byName.get(name);
    return text === undefined || isUnset(name, text) ? null : { text, source: 'environment', detail: '' };
  };
}

function envFileLevel(file: EnvFile | null): Level {
  if (file === null) return () => null;
  const { path, entries } = file;
  return (name) => {
    const entry = entries.get(name);
    if (entry === undefined || (isUnset(name, entry.value) && entry.unresolved.length === 0)) return null;
    const found: Found = { text: entry.value, source: '.env', detail: `${path}:${entry.line}` };
    if (entry.unresolved.length === 0) return found;
    const names = entry.unresolved.map((reference) => `\${${reference}}`).join(', ');
    const problem = `line ${entry.line} of ${path} refers to ${names}, which is not set; set it or write the value`;
    return { ...found, problem };
  };
}

function isUnset(name: VariableName, text: string): boolean {
  return text === '' && VARIABLES.find((variable) => variable.name === name)?.emptyIsValue !== true;
}

/** Replaces a secret by the content of its file where the file is what the highest level names. */
function readSecretFiles(
  levels: readonly Level[],
  cwd: string,
  found: Map<VariableName, Found>,
  problems: SettingProblem[],
): void {
  for (const [name, fileName] of SECRET_FILES) {
    // An empty text is what compose makes of a variable that is not set: it says nothing against a file.
    const says = (level: Level) => (level(name)?.text ?? '') !== '' || level(name)?.problem !== undefined;
    const level = levels.find((candidate) => says(candidate) || candidate(fileName) !== null);
    const file = level?.(fileName) ?? null;
    if (level === undefined || file === null) continue;
    if (says(level)) {
      const text = `${name} is set as well; keep one of the two`;
      problems.push({ code: 'SETTINGS', variable: fileName, text });
      continue;
    }
    const path = resolve(cwd, file.text);
    try {
      found.set(name, { text: readSecretFile(path), source: 'file', detail: path });
    } catch (error) {
      problems.push(problemOf(fileName, error));
    }
  }
}

/** The variable whose value it is about: of one that names a file, the one that the file is for. */
function contentOf(variable: string): string {
  return SECRET_FILES.find(([, file]) => file === variable)?.[0] ?? variable;
}

function problemOf(name: VariableName, error: unknown): SettingProblem {
  if (!(error instanceof GatewayError) || (error.code !== 'URL' && error.code !== 'SECRET_FILE')) throw error;
  return { code: error.code, variable: name, text: `${error.message}; ${error.hint}` };
}

/** Where a text breaks its schema the default stands in, so that the rest can still be checked. */
function readSettings(
  found: ReadonlyMap<VariableName, Found>,
  ssoUnread: readonly string[],
  problems: SettingProblem[],
): Settings {
  const values = new Map<string, unknown>();
  for (const variable of VARIABLES) {
    if (NOT_SETTINGS.has(variable.name)) continue;
    const result = variable.schema.safeParse(found.get(variable.name)?.text ?? variable.default);
    values.set(
      camelCase(variable.name),
      result.success ? result.data : variable.schema.parse(variable.default),
    );
    const isNamed = found.get(variable.name)?.problem !== undefined;
    for (const issue of isNamed ? [] : (result.error?.issues ?? [])) {
      problems.push({ code: 'SETTINGS', variable: variable.name, text: issue.message });
    }
  }
  const email = normaliseEmail(String(values.get('platformAdminEmail')));
  values.set('platformAdminEmail', email);
  values.set('adminEmailIsDefault', email === DEFAULT_ADMIN_EMAIL);
  values.set('ssoUnread', ssoUnread);
  // The mapped type and this loop are two views of VARIABLES, which the compiler cannot connect.
  const settings = Object.freeze(Object.fromEntries(values)) as unknown as Settings;
  if (settings.argon2idMemoryCost < 8 * settings.argon2idParallelism) {
    const text = 'it must be at least 8 KiB for each of ARGON2ID_PARALLELISM; raise it or lower that';
    problems.push({ code: 'SETTINGS', variable: 'ARGON2ID_MEMORY_COST', text });
  }
  return settings;
}

function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

function readTarget(
  found: ReadonlyMap<VariableName, Found>,
  { cwd, env }: Pick<SettingsInput, 'cwd' | 'env'>,
  problems: SettingProblem[],
): { target: DatabaseTarget; warnings: string[] } | null {
  if (problems.some(({ variable }) => contentOf(variable) === 'DATABASE_URL')) return null;
  const url = found.get('DATABASE_URL');
  const givenBy = url === undefined ? undefined : urlGivenBy(url);
  try {
    const parsed = parseDatabaseUrl(url?.text ?? '', cwd, env);
    const { target, warnings: about } =
      parsed.target.dialect === 'sqlite' ? withExistingFile(parsed.target) : { ...parsed, warnings: [] };
    const warnings = [...parsed.warnings, ...about];
    return {
      target: givenBy === undefined ? target : { ...target, givenBy },
      warnings: warnings.map((text) => namingSource(text, givenBy)),
    };
  } catch (error) {
    const problem = problemOf('DATABASE_URL', error);
    problems.push({ ...problem, givenBy, text: namingSource(problem.text, givenBy) });
    return null;
  }
}

/** Where somebody looks for the URL who has not written it into DATABASE_URL. */
function urlGivenBy({ source, detail }: Pick<Found, 'source' | 'detail'>): string | undefined {
  return source === 'flag' || source === 'file' ? detail : undefined;
}

/** Whoever quotes a value in a file that no shell reads has the quotes in it. */
function quotedValues(found: ReadonlyMap<VariableName, Found>): string[] {
  return [...found].flatMap(([name, { text, source }]) =>
    source === 'environment' && /^(["']).*\1$/s.test(text)
      ? [`${name}: its value is in quotes, which are part of it: Docker’s --env-file takes none away`]
      : [],
  );
}

function failure(problems: readonly SettingProblem[]): GatewayError {
  const count = problems.length;
  const code = count === 1 ? (problems[0]?.code ?? 'SETTINGS') : 'SETTINGS';
  return new GatewayError(
    code,
    `${count} ${count === 1 ? 'setting is' : 'settings are'} not usable; nothing was changed`,
    {
      details: problems.map(problemLine),
      hint: 'correct what is named above and run the command again; .env.example explains every setting',
    },
  );
}

function sourcesOf(
  found: ReadonlyMap<VariableName, Found>,
  target: DatabaseTarget | null,
): ReadonlyMap<VariableName, SettingSource> {
  const shown = (variable: Variable, text: string): string => {
    if (variable.name === 'DATABASE_URL') return target?.maskedUrl ?? '***';
    // What is no value of its variable may be a secret in the wrong place.
    const isHidden = variable.secret || !variable.schema.safeParse(text).success;
    return isHidden && text !== '' ? '***' : text;
  };
  return new Map(
    VARIABLES.map((variable) => {
      const { text, source, detail } = found.get(variable.name) ?? {
        text: '',
        source: 'default',
        detail: '',
      };
      return [variable.name, { value: shown(variable, text), source, detail }];
    }),
  );
}
