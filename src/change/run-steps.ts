import { setImmediate } from 'node:timers/promises';
import type { Connection } from '../database/connection.ts';
import { refuseWhenStopped } from '../database/refuse-when-stopped.ts';
import { noting } from '../database/said-by-server.ts';
import type { Change, PlannedStep, StepResult, Surroundings } from './change.ts';
import { leftBehind } from './failures.ts';
import { historyRow } from './history.ts';
import { type KeptColumns, runKeeping } from './keep-columns.ts';

type StepsContext = Pick<Surroundings<never>, 'progress' | 'signal' | 'toolVersion'> &
  Pick<Change<never>, 'command' | 'now' | 'rowsOnly'> & {
    /** What keeps triggers of the site from changing more than a statement does. */
    readonly kept: KeptColumns;
    /** Called before every statement of a step. */
    readonly onWrite: () => void;
  };

/**
 * Runs the statements of a plan in order, and records the steps that have a checksum.
 *
 * @throws GatewayError INTERRUPTED or TERMINATED between two statements when the signal was aborted; whatever
 *   the driver throws
 */
export async function runSteps(
  db: Connection,
  steps: readonly PlannedStep[],
  context: StepsContext,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) results.push(await runStep(db, step, context));
  return results;
}

async function runStep(db: Connection, step: PlannedStep, context: StepsContext): Promise<StepResult> {
  const { id, title, statements, checksum = null, rowsArriving = 0 } = step;
  if (statements.length === 0 && checksum === null) {
    return { id, title, status: 'already', rows: 0, durationMs: 0 };
  }
  const since = performance.now();
  const rows = rowsArriving + (await runStatements(db, step, context));
  const durationMs = Math.round(performance.now() - since);
  if (checksum !== null) {
    await db.run(
      historyRow(db, {
        step: id,
        checksum,
        tool_version: context.toolVersion,
        applied_at: db.dialect.timestamp(context.now),
        duration_ms: durationMs,
        rows_written: rows,
      }),
    );
  }
  return { id, title, status: statements.length === 0 ? 'already' : 'done', rows, durationMs };
}

/** @returns how many rows were written */
async function runStatements(
  db: Connection,
  { title, statements }: PlannedStep,
  { progress, signal, onWrite, kept, ...change }: StepsContext,
): Promise<number> {
  let rows = 0;
  progress.start(title, statements.length);
  for (const statement of statements) {
    // SQLite answers without a turn of the event loop, in which signals arrive.
    await setImmediate();
    refuseWhenStopped(signal, leftBehind(db, change));
    onWrite();
    const affected = await runKeeping(db, kept, statement).catch((error: unknown) => {
      throw noting(error, 'Asked for by', title);
    });
    if (statement.counts !== undefined) rows += affected;
    progress.advance(1);
  }
  progress.done();
  return rows;
}
