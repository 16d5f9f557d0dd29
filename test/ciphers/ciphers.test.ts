import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authKey, decryptAuthValue, encryptAuthValue } from '../../src/ciphers/auth-value.ts';
import {
  decryptOauthSecret,
  decryptSsoSecret,
  encryptOauthSecret,
  encryptSsoSecret,
} from '../../src/ciphers/fernet.ts';
import { keyCheck } from '../../src/ciphers/key-check.ts';
import { pythonJson } from '../../src/ciphers/python-json.ts';

interface Vectors {
  readonly auth_value: readonly {
    readonly secret: string;
    readonly object: Readonly<Record<string, unknown>>;
    readonly plaintext_json: string;
    readonly nonce_hex: string;
    readonly ciphertext: string;
  }[];
  readonly sso_client_secret: readonly {
    readonly secret: string;
    readonly plaintext: string;
    readonly timestamp: number;
    readonly iv_hex: string;
    readonly token: string;
  }[];
  readonly oauth_client_secret: readonly {
    readonly secret: string;
    readonly plaintext: string;
    readonly fernet_token: string;
    readonly stored: string;
  }[];
}

const { MCPGW_REAL_CONFIG } = process.env;
const FILES = [
  new URL('vectors.json', import.meta.url),
  ...(MCPGW_REAL_CONFIG ? [join(MCPGW_REAL_CONFIG, 'crypto-vectors.json')] : []),
];

describe.each(FILES)('vectors of %s', (file) => {
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

  it('auth_value: the same text to the byte, and back', () => {
    expect(vectors.auth_value.length).toBeGreaterThan(0);
    for (const { secret, object, plaintext_json, nonce_hex, ciphertext } of vectors.auth_value) {
      const key = authKey(secret);
      expect(pythonJson(object)).toBe(plaintext_json);
      expect(encryptAuthValue(object, key, Buffer.from(nonce_hex, 'hex'))).toBe(ciphertext);
      expect(decryptAuthValue(ciphertext, key)).toEqual(object);
      expect(decryptAuthValue(ciphertext, authKey(`${secret}x`))).toBeNull();
    }
  });

  it('client secrets of providers', () => {
    expect(vectors.sso_client_secret.length).toBeGreaterThan(0);
    for (const { secret, plaintext, timestamp, iv_hex, token } of vectors.sso_client_secret) {
      const fixed = { now: new Date(timestamp * 1000), iv: Buffer.from(iv_hex, 'hex') };
      expect(encryptSsoSecret(plaintext, secret, fixed)).toBe(token);
      expect(decryptSsoSecret(token, secret)).toBe(plaintext);
    }
  });

  it('secrets of OAuth', () => {
    expect(vectors.oauth_client_secret.length).toBeGreaterThan(0);
    for (const { secret, plaintext, fernet_token, stored } of vectors.oauth_client_secret) {
      const bytes = Buffer.from(fernet_token, 'base64url');
      const fixed = {
        now: new Date(Number(bytes.readBigUInt64BE(1)) * 1000),
        iv: bytes.subarray(9, 25),
      };
      expect(encryptOauthSecret(plaintext, secret, fixed)).toBe(stored);
      expect(decryptOauthSecret(stored, secret)).toBe(plaintext);
    }
  });
});

it('another secret, a changed byte, a cut or a foreign text is null, and never an error', () => {
  const token = encryptSsoSecret('gh-secret', 'one');
  const auth = encryptAuthValue({ Authorization: 'Bearer x' }, authKey('one'));
  expect(decryptSsoSecret(token, 'two')).toBeNull();
  for (const text of [
    '',
    'gAAAAA',
    'plain text',
    '"',
    `A${token}`,
    token.slice(0, -9),
    `${token.slice(0, 30)}A${token.slice(31)}AAAA`,
  ]) {
    expect(decryptSsoSecret(text, 'one')).toBeNull();
    expect(decryptOauthSecret(text, 'one')).toBeNull();
  }
  for (const text of ['', 'null', auth.slice(2), auth.slice(0, -3), token]) {
    expect(decryptAuthValue(text, authKey('one'))).toBeNull();
  }
});

it('only an object is headers', () => {
  const key = authKey('one');
  for (const value of [[1], 'text', null]) {
    expect(decryptAuthValue(encryptAuthValue(value as never, key), key)).toBeNull();
  }
});

it('a nonce and an IV are new each time', () => {
  const key = authKey('one');
  expect(encryptAuthValue({ a: '1' }, key)).not.toBe(encryptAuthValue({ a: '1' }, key));
  expect(encryptSsoSecret('a', 'one')).not.toBe(encryptSsoSecret('a', 'one'));
});

it('JSON as Python writes it', () => {
  expect(pythonJson({ a: [1, 'é', null, true], b: {}, c: [], d: undefined })).toBe(
    '{"a": [1, "\\u00e9", null, true], "b": {}, "c": []}',
  );
  expect(pythonJson('😀\x7f\t')).toBe('"\\ud83d\\ude00\\u007f\\t"');
});

it('a key check is 16 digits, the same for the same secret only', () => {
  expect(keyCheck('one')).toMatch(/^[0-9a-f]{16}$/);
  expect(keyCheck('one')).toBe(keyCheck('one'));
  expect(keyCheck('one')).not.toBe(keyCheck('One'));
});
