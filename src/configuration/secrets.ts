import { createHmac } from 'node:crypto';
import { type AuthHeaders, authKey, decryptAuthValue, encryptAuthValue } from '../ciphers/auth-value.ts';
import {
  decryptOauthSecret,
  decryptSsoSecret,
  encryptOauthSecret,
  encryptSsoSecret,
} from '../ciphers/fernet.ts';
import { inOrder, jsonText, type Value } from '../database/value.ts';
import type { SecretForm } from './entities.ts';

type Fields = { readonly [key: string]: Value };

/** What is in a column of secrets. */
type Opened =
  | { readonly kind: 'none' }
  /** Unencrypted in the database. */
  | { readonly kind: 'plain'; readonly value: Value }
  | { readonly kind: 'encrypted'; readonly value: Value }
  /** Encrypted with another secret. */
  | { readonly kind: 'closed' }
  /** Neither encrypted nor what could be it unencrypted. */
  | { readonly kind: 'broken' };

/** How a secret of a form is kept. Where it is in a larger value, `value` is all of that one. */
interface Form {
  open(value: Value, secret: string): Opened;
  /** The column with this in place of the secret. */
  put(value: Value, plain: Value): Value;
  /** The plain secret encrypted: in the same way each time, so that two exports are the same. */
  seal(plain: Value, secret: string): string;
}

const NONE: Opened = { kind: 'none' };
const NONCE_BYTES = 12;
const IV_BYTES = 16;
/** Nonce, tag and `{}`. */
const LEAST_BYTES = 30;
/** From this length on the gateway takes an OAuth secret for encrypted (CONFIGURATION A5). */
const ENCRYPTED_LENGTH = 50;
/** How a Fernet token begins, once more in base64. */
const TOKEN_IN_BASE64 = 'Z0FBQUFB';

/** Bytes that nobody knows without the secret, and that another plain text has otherwise. */
function unforeseen(plain: Value, secret: string, bytes: number) {
  const hmac = createHmac('sha256', authKey(secret)).update('mcpgw nonce\0').update(JSON.stringify(plain));
  return Buffer.from(hmac.digest().subarray(0, bytes));
}

const tokenOptions = (plain: Value, secret: string) => ({
  now: new Date(0),
  iv: unforeseen(plain, secret, IV_BYTES),
});

const sealHeaders = (plain: Value, secret: string): string =>
  encryptAuthValue(plain as AuthHeaders, authKey(secret), unforeseen(plain, secret, NONCE_BYTES));

const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const opened = (value: unknown): Opened =>
  value === null ? { kind: 'closed' } : { kind: 'encrypted', value: value as Value };

const HEADERS: Form = {
  open(value, secret) {
    if (value === null || value === '') return NONE;
    if (isFields(value)) return { kind: 'plain', value };
    const isCiphertext = typeof value === 'string' && /^[\w-]+=*$/.test(value);
    if (!isCiphertext || Buffer.from(value, 'base64url').length < LEAST_BYTES) return { kind: 'broken' };
    return opened(decryptAuthValue(value, authKey(secret)));
  },
  put: (_value, plain) => plain,
  seal: sealHeaders,
};

const FORMS: Readonly<Record<SecretForm, Form>> = {
  'auth-text': HEADERS,
  'auth-json': HEADERS,
  plain: {
    open: (value) => (value === null || value === '' ? NONE : { kind: 'plain', value }),
    put: (_value, plain) => plain,
    // What is encrypted is an object.
    seal: (plain, secret) => sealHeaders({ secret: plain }, secret),
  },
  'oauth-config': {
    open(value, secret) {
      const stored = isFields(value) ? value.client_secret : null;
      if (typeof stored !== 'string' || stored === '') return NONE;
      if (stored.length <= ENCRYPTED_LENGTH) return { kind: 'plain', value: stored };
      const plain = decryptOauthSecret(stored, secret);
      // What does not open the gateway takes as it is.
      if (plain === null && !stored.startsWith(TOKEN_IN_BASE64)) return { kind: 'plain', value: stored };
      return opened(plain);
    },
    put: (value, plain) => ({ ...(value as Fields), client_secret: plain }),
    seal: (plain, secret) => encryptOauthSecret(String(plain), secret, tokenOptions(plain, secret)),
  },
  sso: {
    open: (value, secret) =>
      value === null || value === '' ? NONE : opened(decryptSsoSecret(String(value), secret)),
    put: (_value, plain) => plain,
    seal: (plain, secret) => encryptSsoSecret(String(plain), secret, tokenOptions(plain, secret)),
  },
};

export interface SecretOptions {
  readonly mode: 'keep' | 'omit' | 'rekey' | 'plain';
  /** AUTH_ENCRYPTION_SECRET. */
  readonly secret: string;
  /** With `rekey`: the one of the gateway that the document is for. */
  readonly newSecret: string;
}

/** Whether a document has something of this that its reader needs the secret for. */
export const needsSecret = (form: SecretForm, value: Value, secret: string): boolean =>
  ['plain', 'encrypted'].includes(FORMS[form].open(value, secret).kind);

/**
 * A column of secrets as a document has it.
 *
 * @param told is called with what somebody has to know of this one
 */
export function secretForDocument(
  form: SecretForm,
  value: Value,
  { mode, secret, newSecret }: SecretOptions,
  told: (what: string) => void,
): Value {
  const { open, put, seal } = FORMS[form];
  const found = open(value, secret);
  if (found.kind === 'none') return value;
  if (mode === 'omit') return put(value, null);
  if (found.kind === 'broken') {
    told('is no ciphertext, and is left out');
    return put(value, null);
  }
  if (found.kind === 'closed') {
    const isKept = mode === 'keep';
    told(
      `was encrypted with another AUTH_ENCRYPTION_SECRET, and is ${isKept ? 'kept as it is' : 'left out'}`,
    );
    return isKept ? value : put(value, null);
  }
  if (mode === 'plain') return put(value, found.value);
  if (found.kind === 'encrypted' && mode === 'keep') return value;
  // Of agents and OAuth the gateway itself stores plain text.
  if (found.kind === 'plain' && FORMS[form] === HEADERS) {
    told('is plain text in the database; here it is encrypted');
  }
  return put(value, seal(found.value, mode === 'rekey' ? newSecret : secret));
}

export interface SecretOrigin {
  readonly mode: SecretOptions['mode'];
  /** AUTH_ENCRYPTION_SECRET that the document was made with, and of the gateway that it is for. */
  readonly from: string;
  readonly to: string;
}

/**
 * A column of secrets of a document as the database keeps it.
 *
 * @returns undefined for what does not open
 */
export function secretForDatabase(
  form: SecretForm,
  value: Value,
  { mode, from, to }: SecretOrigin,
): Value | undefined {
  const { open, put, seal } = FORMS[form];
  if (form === 'plain') {
    if (mode === 'plain' || value === null || value === '') return value;
    const found = HEADERS.open(value, from);
    return found.kind === 'encrypted' && isFields(found.value) ? found.value.secret : undefined;
  }
  const found = open(value, from);
  // A provider always has one, which may be empty.
  if (found.kind === 'none') return form === 'sso' ? seal('', to) : value;
  if (found.kind === 'closed' || found.kind === 'broken') return undefined;
  return found.kind === 'encrypted' && from === to ? value : put(value, seal(found.value, to));
}

/** What a column becomes: what is there stays where that is the same credential, or where the document has none. */
export function secretOver(form: SecretForm, wanted: Value, there: Value, secret: string): Value {
  const { open, put } = FORMS[form];
  const [asked, kept] = [open(wanted, secret), open(there, secret)];
  if (form === 'oauth-config') {
    const isKept = asked.kind === 'none' || isSameSecret(asked, kept);
    return isKept && isFields(wanted) && isFields(there) && kept.kind !== 'none'
      ? put(wanted, there.client_secret ?? null)
      : wanted;
  }
  // Headers that lie open are no way to store them: what opens to the same takes their place.
  return FORMS[form] === HEADERS && isFields(there) ? wanted : isSameSecret(asked, kept) ? there : wanted;
}

function isSameSecret(a: Opened, b: Opened): boolean {
  return 'value' in a && 'value' in b && jsonText(inOrder(a.value)) === jsonText(inOrder(b.value));
}
