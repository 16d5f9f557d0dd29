import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { pythonJson } from './python-json.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Headers that the gateway sends along: `Authorization`, or any others. */
export type AuthHeaders = Readonly<Record<string, unknown>>;

/** The key of every `auth_value` (CONFIGURATION A4). An empty secret has none: whoever asks refuses it first. */
export function authKey(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** An `auth_value` as the gateway stores it: base64url of nonce, ciphertext and tag, without padding. */
export function encryptAuthValue(
  headers: AuthHeaders,
  key: Buffer,
  nonce = randomBytes(NONCE_BYTES),
): string {
  const cipher = createCipheriv(CIPHER, key, nonce);
  const parts = [nonce, cipher.update(pythonJson(headers), 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64url');
}

/** The headers of a stored `auth_value`; null where the key is another, or the text is none. */
export function decryptAuthValue(stored: string, key: Buffer): AuthHeaders | null {
  const bytes = Buffer.from(stored, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    const headers: unknown = JSON.parse(text.toString('utf8'));
    const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
    return isObject ? (headers as AuthHeaders) : null;
  } catch {
    return null;
  }
}
