import { type AuthHeaders, authKey, decryptAuthValue, encryptAuthValue } from '../../ciphers/auth-value.ts';
import {
  decryptOauthSecret,
  decryptSsoSecret,
  encryptOauthSecret,
  encryptSsoSecret,
} from '../../ciphers/fernet.ts';
import { keyCheck } from '../../ciphers/key-check.ts';
import type { Value } from '../../database/value.ts';
import { inOrder, jsonText } from '../../database/value.ts';
import { GatewayError } from '../../errors.ts';
import type { Entity, Row } from '../document.ts';
import { ENTITY_TYPES, type EntityTable, type SecretForm } from '../entities.ts';
import { isObject } from './check-values.ts';
import { nameOf } from './match.ts';
import type { Problems } from './problems.ts';
import type { Source } from './source.ts';

export interface SecretOptions {
  /** AUTH_ENCRYPTION_SECRET of the gateway that is imported into. */
  readonly ours: string;
  /** That of the gateway that the file comes from, where it is another. */
  readonly theirs: string | null;
}

/** How the credentials of a file and those that are here go together. */
export interface Secrets {
  /** What a column becomes: what is there stays where it is the same credential, or where the file has none. */
  over(form: SecretForm, asked: Value, there: Value): Value;
}

/**
 * Proves that the credentials of the file can be used here, before anything is read or written.
 *
 * @throws GatewayError SETTINGS
 */
export function refuseOtherKey({ secrets }: Source, { ours, theirs }: SecretOptions): void {
  const { keyCheck: check } = secrets;
  if (check === null) return;
  const key = theirs ?? ours;
  if (key !== '' && keyCheck(key) === check) return;
  if (theirs !== null) {
    throw new GatewayError(
      'SETTINGS',
      '--source-secret-file holds another secret than the file was made with.',
      {
        hint: 'It has to be AUTH_ENCRYPTION_SECRET of the gateway that the file comes from. Nothing was changed.',
      },
    );
  }
  throw new GatewayError(
    'SETTINGS',
    'The credentials in the file were encrypted with another AUTH_ENCRYPTION_SECRET.',
    {
      hint: 'Set AUTH_ENCRYPTION_SECRET to that of this gateway; where it is right, name a file with that of the other one: --source-secret-file. Nothing was changed.',
    },
  );
}

/**
 * The file with its credentials as this gateway stores them. Each is encrypted once, however often a plan is made, and
 * what were copies of one another stay copies.
 */
export function withStoredSecrets(source: Source, options: SecretOptions, wrong: Problems): Source {
  const convert = converter(source, options);
  const entities: Partial<Record<EntityTable, readonly Entity[]>> = {};
  for (const type of ENTITY_TYPES) {
    const rows = source.entities[type.table];
    if (rows === undefined) continue;
    const forms = Object.entries(type.secrets);
    entities[type.table] = rows.map((row, i) => {
      const found = forms.flatMap(([column, form]): [string, Value][] => {
        const value = row[column] ?? null;
        if (value === null || value === '') return [];
        const stored = convert(form, value);
        if (stored === null) {
          const called = `entities.${type.table}[${i}].${column} (${nameOf(type, row)})`;
          wrong.add(called, 'it was encrypted with another AUTH_ENCRYPTION_SECRET (--source-secret-file)');
        }
        return [[column, stored]];
      });
      return found.length === 0 ? row : { ...row, ...Object.fromEntries(found) };
    });
  }
  return { ...source, entities, accounts: { ...source.accounts, ...providers(source, options, wrong) } };
}

function providers(
  { accounts }: Source,
  { ours, theirs }: SecretOptions,
  wrong: Problems,
): Source['accounts'] {
  const rows = accounts.sso_providers;
  if (rows === undefined) return {};
  return {
    sso_providers: rows.map((row, i) => {
      const stored = row.client_secret_encrypted;
      if (typeof stored !== 'string') return { ...row, client_secret_encrypted: encryptSsoSecret('', ours) };
      if (theirs === null) return row;
      const text = decryptSsoSecret(stored, theirs);
      if (text !== null) return { ...row, client_secret_encrypted: encryptSsoSecret(text, ours) };
      wrong.add(`accounts.sso_providers[${i}]`, 'its client secret does not open with --source-secret-file');
      return row;
    }),
  };
}

type Convert = (form: SecretForm, value: Value) => Value | null;

function converter({ kind, secrets: { mode } }: Source, { ours, theirs }: SecretOptions): Convert {
  const [from, to] = [authKey(theirs ?? ours), authKey(ours)];
  const done = new Map<string, string>();
  const again = (stored: string, open: (text: string) => string | null) => {
    const known = done.get(stored) ?? open(stored);
    if (known !== null) done.set(stored, known);
    return known;
  };
  const isAsStored = theirs === null && kind === 'mcpgw' && mode !== 'plain';
  return (form, value) => {
    if (form === 'oauth-config') {
      if (!isObject(value) || typeof value.client_secret !== 'string' || isAsStored) return value;
      const { client_secret: stored } = value;
      const text =
        decryptOauthSecret(stored, theirs ?? ours) ??
        (mode === 'plain' || stored.length <= SHORT ? stored : null);
      return text === null
        ? null
        : ({ ...value, client_secret: again(stored, () => encryptOauthSecret(text, ours)) } as Value);
    }
    if (isObject(value)) return encryptAuthValue(value as AuthHeaders, to);
    const text = String(value);
    if (form === 'plain') return mode === 'plain' ? text : agentSecret(text, from);
    if (isAsStored) return value;
    return again(text, (stored) => {
      const headers = decryptAuthValue(stored, from);
      if (headers === null) return null;
      return theirs === null ? stored : encryptAuthValue(headers, to);
    });
  };
}

/** What the gateway takes for plain text (CONFIGURATION A5). */
const SHORT = 50;

/** What an agent logs in with is text, and an encrypted value is an object: it is in one of this name. */
function agentSecret(stored: string, key: Buffer): string | null {
  const { secret } = decryptAuthValue(stored, key) ?? {};
  return typeof secret === 'string' ? secret : null;
}

export function secretsHere(ours: string): Secrets {
  const key = authKey(ours);
  const opened = (value: Value): Value => {
    if (typeof value !== 'string' || value === '') return value;
    const headers = decryptAuthValue(value, key);
    return headers === null ? value : inOrder(headers as Value);
  };
  const openedOauth = (value: Value | undefined) =>
    typeof value === 'string' ? (decryptOauthSecret(value, ours) ?? value) : value;
  return {
    over(form, asked, there) {
      if (form === 'plain') return asked;
      if (form === 'oauth-config') {
        if (!isObject(asked) || !isObject(there)) return asked;
        const [wanted, kept] = [asked, there] as [Row, Row];
        const { client_secret } = kept;
        if (client_secret === undefined || client_secret === null) return asked;
        const isKept =
          (wanted.client_secret ?? null) === null ||
          openedOauth(wanted.client_secret) === openedOauth(client_secret);
        return isKept ? { ...wanted, client_secret } : asked;
      }
      // Headers that lie open are no way to store them: what opens to the same takes their place.
      if (typeof there !== 'string' || typeof asked !== 'string') return asked;
      return asked === there || jsonText(opened(asked)) === jsonText(opened(there)) ? there : asked;
    },
  };
}

/** Whether a row has a kind of credential and none: the gateway leaves them out of its document. */
export function withoutSecret({ auth_type = null, auth_value = null }: Row): boolean {
  return (
    auth_type !== null &&
    auth_type !== '' &&
    auth_type !== 'oauth' &&
    (auth_value === null || auth_value === '')
  );
}
