import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import { GatewayError } from '../errors.ts';
import type { Command } from '../report/advice.ts';
import type { Settings } from '../settings/settings.ts';
import type { CommitUnknown } from './commit-unknown.ts';
import { isAtHead } from './head.ts';
import { readRevisions, recogniseState, type State } from './state.ts';
import type { Reconnect } from './through-another.ts';

export interface LostCommit<T> {
  readonly unknown: CommitUnknown<T>;
  readonly reconnect: Reconnect;
  readonly settings: Pick<Settings, 'emailAuthEnabled' | 'platformAdminEmail'>;
  readonly lock: RunLock;
  /** What the run began with. */
  readonly before: State;
  readonly adopt: boolean;
  /** What starts it again. */
  readonly command: Command;
}

/**
 * Looks through a new connection what became of a migration whose commit was not answered. It asks for the
 * lock of the run first: only when the server has ended that transaction is there anything to see.
 *
 * @returns when it was committed
 * @throws GatewayError UNREACHABLE when everything was taken back; the CommitUnknown when that cannot be told
 */
export async function afterLostCommit<T>(lost: LostCommit<T>): Promise<void> {
  const outcome = await lost.reconnect((db) => look(db, lost)).catch(() => 'unknown' as const);
  if (outcome === 'done') return;
  if (outcome === 'unknown') throw lost.unknown;
  throw new GatewayError('UNREACHABLE', 'The connection was lost before the migration was committed.', {
    hint: `Everything was taken back: the database is as it was. To start again, run: ${lost.command}`,
    cause: lost.unknown,
  });
}

async function look<T>(
  db: Connection,
  { settings, lock, before, adopt }: LostCommit<T>,
): Promise<'done' | 'as before' | 'unknown'> {
  await db.dialect.beginRun(db, lock);
  await db.dialect.endRun(db, false);
  if (await isAtHead(db, settings)) return 'done';
  const schema = await db.dialect.readSchema(db);
  const now = recogniseState(schema, await readRevisions(db, schema), adopt);
  // What begins and ends as v0.7.0 does not show by its kind what was done.
  return now.kind === before.kind && now.kind !== 'v0.7.0' ? 'as before' : 'unknown';
}
