import type { Connection } from '../database/connection.ts';
import { errorText, GatewayError } from '../errors.ts';
import { advise, mcpgw, sentences, type Text } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import type { Change } from './change.ts';

/** What fails: its name, the command that starts it again or goes on with it, and whether all of it is taken back. */
export type Failing = Pick<Change<never>, 'what' | 'command' | 'rowsOnly'>;

/** Whether a run is one transaction here, which is committed or taken back as a whole. */
export function isOneTransaction(db: Connection, { rowsOnly = false }: Pick<Failing, 'rowsOnly'>): boolean {
  return db.dialect.transactionalDdl || rowsOnly;
}

/** `The migration` within a sentence. */
export const inSentence = (what: string) => `${what.charAt(0).toLowerCase()}${what.slice(1)}`;

const known = (db: Connection, error: unknown) =>
  error instanceof GatewayError ? error : db.dialect.translateError(error);

/** What a run that stops leaves behind, and what to do about it. */
export function leftBehind(db: Connection, { command, rowsOnly }: Omit<Failing, 'what'>): Text {
  return isOneTransaction(db, { rowsOnly })
    ? advise`Everything was taken back: the database is as it was. To start again, run: ${command}`
    : advise`What was done so far stays, and is right. To go on, run: ${command}`;
}

/** Errors whose own advice cannot know that a run was on its way; that of a lost connection is of no use then. */
const WITHOUT_THE_END: ReadonlySet<string> = new Set(['UNREACHABLE', 'FAILED']);

/** What to throw for an error of a run that was one transaction and was not committed. */
export function takenBack(db: Connection, error: unknown, { command }: Failing): unknown {
  const told = known(db, error);
  if (told === null || !WITHOUT_THE_END.has(told.code)) return error;
  const { code, message, hint, details } = told;
  const end = advise`Nothing was changed: what was not committed, the server takes back. To start again, run: ${command}`;
  return new GatewayError(code, message, {
    hint: code === 'FAILED' ? sentences(hint, end) : end,
    next: command,
    details,
    cause: error,
  });
}

/**
 * What to throw for an error after the first write on a database that cannot take schema changes back.
 *
 * @param done statements before the one that failed
 */
export function stoppedPartWay(
  db: Connection,
  error: unknown,
  done: number,
  { what, command }: Failing,
): GatewayError {
  const told = known(db, error);
  if (told?.code === 'INTERRUPTED' || told?.code === 'TERMINATED') return told;
  const message = told?.message ?? errorText(error);
  return new GatewayError(
    'PARTIAL',
    `${what} stopped part-way, after ${plural(done, 'statement')}: ${message}`,
    {
      hint: sentences(told?.hint ?? '', leftBehind(db, { command })),
      next: command,
      details: told?.details ?? [],
      cause: error,
    },
  );
}

/** Whether COMMIT was not answered. An answer that refuses it is certain; no answer is not. */
export function isUnanswered(db: Connection, error: unknown): boolean {
  const told = known(db, error);
  return told?.code === 'UNREACHABLE' || (told?.code === 'FAILED' && told === error);
}

/** The connection was lost after COMMIT was sent: the server may have carried it out or not. */
export function commitUnknown({ what }: Failing, cause: unknown): GatewayError {
  return new GatewayError(
    'PARTIAL',
    `The connection was lost while ${inSentence(what)} was committed: it is either done or was taken back as a whole.`,
    { hint: advise`To find out which, run: ${mcpgw('status')}`, cause },
  );
}

/** The connection was lost, and a look through a new one shows that nothing was committed. */
export function commitLost({ what, command }: Failing, cause: unknown): GatewayError {
  const message = `The connection was lost before ${inSentence(what)} was committed.`;
  return new GatewayError('UNREACHABLE', message, {
    hint: advise`Everything was taken back: the database is as it was. To start again, run: ${command}`,
    cause,
  });
}
