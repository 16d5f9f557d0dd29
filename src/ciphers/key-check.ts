import { derivedKey } from './derived-key.ts';

const CHECK_BYTES = 8;

/**
 * 16 hexadecimal digits that are the same for the same AUTH_ENCRYPTION_SECRET: a wrong one is found before anything
 * is written. As slow to guess by as the gateway's own keys, and of a salt of its own: it is none of them.
 */
export function keyCheck(secret: string): string {
  return derivedKey(secret, 'mcpgw_key_check', CHECK_BYTES).toString('hex');
}
