import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import { takenBack } from './taken-back.ts';

/** The connection was lost after COMMIT was sent: the server may have carried it out or not. */
export class CommitUnknown<T> extends GatewayError {
  /** What the run returns if it did. */
  readonly result: T;

  constructor(what: string, result: T, cause: unknown) {
    super(
      'PARTIAL',
      `The connection was lost while ${what.charAt(0).toLowerCase()}${what.slice(1)} was committed: it is either done or was taken back as a whole.`,
      { hint: advise`To find out which, run: ${mcpgw('status')}`, cause },
    );
    this.result = result;
  }
}

/**
 * What to throw for an error of COMMIT. An answer of the database that refuses it is certain; no answer is not.
 *
 * @param what was committed, as a sentence starts: `The migration`
 * @param command that starts it again
 */
export function commitUnknown<T>(
  db: Connection,
  error: unknown,
  { what, command }: { readonly what: string; readonly command: Command },
  result: T,
): unknown {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  const lost = known?.code === 'UNREACHABLE' || (known?.code === 'FAILED' && known === error);
  return lost ? new CommitUnknown(what, result, error) : takenBack(db, error, command);
}
