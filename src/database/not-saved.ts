import { GatewayError } from '../errors.ts';
import { advise, mcpgw } from '../report/advice.ts';

/**
 * The error of a commit that was confirmed and kept for nobody else.
 *
 * @param what ran, as a sentence starts: `The migration`
 */
export function notSaved(what: string): GatewayError {
  return new GatewayError('PARTIAL', `${what} went through, and another connection does not find it.`, {
    hint: advise`The server, or a proxy before it, did not keep what it had confirmed. What is there now: ${mcpgw('status')}`,
  });
}

/** What the report says where no other connection could be had. */
export const unread = (why: string) =>
  advise`What was written could not be read again through a second connection${why} Check it with: ${mcpgw('verify')}`;
