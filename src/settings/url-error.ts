import { GatewayError } from '../errors.ts';

/**
 * The error for a DATABASE_URL that cannot be used.
 *
 * @param rule what is wrong, naming the part and never its value: any part of a malformed URL may be a piece of
 *   the password
 * @param remedy what to write instead
 */
export function urlError(rule: string, remedy: string): GatewayError {
  return new GatewayError('URL', rule, { hint: remedy });
}
