import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { derivedKey } from './derived-key.ts';

const CIPHER = 'aes-128-cbc';
const VERSION = 0x80;
const KEY_BYTES = 16;
const IV_BYTES = 16;
const HMAC_BYTES = 32;
/** Version and time. */
const HEAD_BYTES = 9;

/** What of a token is not by chance, or not by the clock, in tests. */
export interface TokenOptions {
  readonly now?: Date;
  readonly iv?: Buffer;
}

/** `sso_providers.client_secret_encrypted` (CONFIGURATION E3); an empty secret has no key, and is refused before. */
export function encryptSsoSecret(text: string, secret: string, options?: TokenOptions): string {
  return encrypt(text, ssoKey(secret), options);
}

/** The client secret of a provider; null where it was encrypted with another secret, or is no token. */
export function decryptSsoSecret(stored: string, secret: string): string | null {
  return decrypt(stored, ssoKey(secret));
}

/** `client_secret` of `gateways.oauth_config`, and the columns of `oauth_tokens` (CONFIGURATION A5). */
export function encryptOauthSecret(text: string, secret: string, options?: TokenOptions): string {
  const token = Buffer.from(encrypt(text, oauthKey(secret), options)).toString('base64url');
  return padded(token);
}

/** What `encryptOauthSecret` was given; null where it was encrypted with another secret, or is plain text. */
export function decryptOauthSecret(stored: string, secret: string): string | null {
  return decrypt(Buffer.from(stored, 'base64url').toString('latin1'), oauthKey(secret));
}

const ssoKey = (secret: string) => derivedKey(secret, 'sso_salt', 2 * KEY_BYTES);
const oauthKey = (secret: string) => derivedKey(secret, 'mcp_gateway_oauth', 2 * KEY_BYTES);

/** A Fernet token: version, seconds, IV, ciphertext, and the HMAC of all of them. */
function encrypt(
  text: string,
  key: Buffer,
  { now = new Date(), iv = randomBytes(IV_BYTES) }: TokenOptions = {},
) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION);
  head.writeBigUInt64BE(BigInt(Math.floor(now.getTime() / 1000)), 1);
  const cipher = createCipheriv(CIPHER, key.subarray(KEY_BYTES), iv);
  const message = Buffer.concat([head, iv, cipher.update(text, 'utf8'), cipher.final()]);
  return padded(Buffer.concat([message, hmac(message, key)]).toString('base64url'));
}

function decrypt(token: string, key: Buffer): string | null {
  const bytes = Buffer.from(token, 'base64url');
  const message = bytes.subarray(0, -HMAC_BYTES);
  if (message.length < HEAD_BYTES + 2 * IV_BYTES || bytes[0] !== VERSION) return null;
  if (!timingSafeEqual(hmac(message, key), bytes.subarray(-HMAC_BYTES))) return null;
  const iv = message.subarray(HEAD_BYTES, HEAD_BYTES + IV_BYTES);
  const decipher = createDecipheriv(CIPHER, key.subarray(KEY_BYTES), iv);
  const text = Buffer.concat([decipher.update(message.subarray(HEAD_BYTES + IV_BYTES)), decipher.final()]);
  return text.toString('utf8');
}

const hmac = (message: Buffer, key: Buffer) =>
  createHmac('sha256', key.subarray(0, KEY_BYTES)).update(message).digest();

/** Python reads base64 only with its padding. */
const padded = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=');
