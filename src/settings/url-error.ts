import { GatewayError } from '../errors.ts';

/**
 * The error for a DATABASE_URL that cannot be used.
 *
 * @param rule what is wrong, naming the part and never its value: any part of a malformed URL may be a piece of
 *   the password
 * @param mend what to write instead
 */
export function urlError(rule: string, mend: string): GatewayError {
  return new GatewayError('URL', rule, { hint: mend });
}
