import { pbkdf2Sync } from 'node:crypto';

const ROUNDS = 100_000;
const known = new Map<string, Buffer>();

/** PBKDF2-HMAC-SHA256 of a secret, remembered: it is slow by design. */
export function derivedKey(secret: string, salt: string, bytes: number): Buffer {
  const name = JSON.stringify([secret, salt, bytes]);
  const key = known.get(name) ?? pbkdf2Sync(secret, salt, ROUNDS, bytes, 'sha256');
  known.set(name, key);
  return key;
}
