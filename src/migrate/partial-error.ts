import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, type Command, joined } from '../report/advice.ts';
import { plural } from '../report/plural.ts';

interface Stopped {
  /** What stopped, as a sentence starts: `The migration`. */
  readonly what: string;
  /** What goes on. */
  readonly command: Command;
  /** Statements that were done before the one that failed. */
  readonly done: number;
}

/**
 * What to throw for an error after the first write on a database that cannot take schema changes back.
 */
export function partialError(db: Connection, error: unknown, { what, command, done }: Stopped): GatewayError {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known?.code === 'INTERRUPTED' || known?.code === 'TERMINATED') return known;
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  return new GatewayError(
    'PARTIAL',
    `${what} stopped part-way, after ${plural(done, 'statement')}: ${message}`,
    {
      hint: joined(
        [known?.hint ?? '', advise`What was done so far stays, and is right. To go on, run: ${command}`],
        ' ',
      ),
      next: command,
      details: known?.details ?? [],
      cause: error,
    },
  );
}
