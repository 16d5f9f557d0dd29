import type { z } from 'zod';
import type { VARIABLES } from './variables.ts';

type Known = (typeof VARIABLES)[number];

/** `DB_MAX_RETRIES` → `dbMaxRetries`. */
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;

/** Where the database is travels as a `DatabaseTarget`; the files have been read. */
export type NotASetting = 'DATABASE_URL' | 'DATABASE_URL_FILE' | 'PLATFORM_ADMIN_PASSWORD_FILE';

/**
 * Every setting under its variable's name in camel case: typed, checked and frozen. `platformAdminEmail` is
 * trimmed and lower-cased. Holds secrets: never print it whole.
 */
export type Settings = {
  readonly [Variable in Known as Variable['name'] extends NotASetting
    ? never
    : CamelCase<Variable['name']>]: z.output<Variable['schema']>;
} & {
  /** The administrator's email is the gateway's default: nobody chose it. */
  readonly adminEmailIsDefault: boolean;
  /** Names of single sign-on that are set and that the gateway does not read, a line each. */
  readonly ssoUnread: readonly string[];
};
