import { setImmediate } from 'node:timers/promises';
import type { Connection } from '../database/connection.ts';
import { refuseWhenStopped } from '../database/refuse-when-stopped.ts';
import { noting } from '../database/said-by-server.ts';
import type { Statement } from '../database/statement.ts';
import type { Progress } from '../progress.ts';
import { advise, type Command, type Text } from '../report/advice.ts';
import { historyRow } from './history.ts';
import { type KeptColumns, runKeeping } from './keep-columns.ts';
import type { PlannedStep } from './plan.ts';

export interface StepsContext {
  readonly progress: Progress;
  readonly toolVersion: string;
  readonly now: Date;
  /** Aborted by the first Ctrl-C: the run stops before its next statement. */
  readonly signal: AbortSignal;
  /** The command that starts the run again, or goes on with it. */
  readonly command: Command;
  /** What keeps triggers of the site from changing more than a statement does. */
  readonly kept: KeptColumns;
  /** Called before every statement of a step. */
  readonly onWrite: () => void;
}

export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly status: 'done' | 'already';
  /** Rows written or given an owner. */
  readonly rows: number;
  readonly durationMs: number;
}

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
  const { id, title, statements, checksum } = step;
  if (statements.length === 0 && checksum === null) {
    return { id, title, status: 'already', rows: 0, durationMs: 0 };
  }
  const ran = await runStatements(db, title, statements, context);
  const rows = step.rowsArriving + ran.rows;
  const { durationMs } = ran;
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

/** Runs statements in order, and tells the rows they wrote and the time they took. */
export async function runStatements(
  db: Connection,
  title: string,
  statements: readonly Statement[],
  context: Pick<StepsContext, 'progress' | 'signal' | 'command' | 'onWrite' | 'kept'>,
): Promise<{ readonly rows: number; readonly durationMs: number }> {
  const since = performance.now();
  let rows = 0;
  context.progress.start(title, statements.length);
  for (const statement of statements) {
    // SQLite answers without a turn of the event loop, in which signals arrive.
    await setImmediate();
    refuseWhenStopped(context.signal, leftBehind(db, context.command));
    context.onWrite();
    const affected = await runKeeping(db, context.kept, statement).catch((error: unknown) => {
      throw noting(error, 'Asked for by', title);
    });
    if (statement.counts !== undefined) rows += affected;
    context.progress.advance(1);
  }
  context.progress.done();
  return { rows, durationMs: Math.round(performance.now() - since) };
}

function leftBehind(db: Connection, command: Command): Text {
  return db.dialect.transactionalDdl
    ? advise`Everything was taken back: the database is as it was. To start again, run: ${command}`
    : advise`What was done so far stays, and is right. To go on, run: ${command}`;
}
