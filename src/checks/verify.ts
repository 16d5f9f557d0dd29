import type { Connection } from '../database/connection.ts';
import { inSavepoint } from '../database/in-savepoint.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import type { CheckReport } from '../report/report.ts';
import type { Beside, Check } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { isProblem, runCheck } from './run-check.ts';

export interface VerifyResult {
  readonly checks: readonly CheckReport[];
  readonly clean: boolean;
  readonly release: Release;
}

/**
 * Runs the checks in one transaction that cannot write, so that all of them see the same moment.
 *
 * @param connect gives `use` another connection to the same database
 */
export async function runVerify(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
  progress: Progress,
  connect?: Beside,
): Promise<VerifyResult> {
  await db.dialect.beginRead(db);
  try {
    const context = { ...(await checkContext(db, input)), beside: await besideOf(db, connect) };
    for (const check of checks) {
      // A failure is met again where `find` waits for it, and makes that check errored.
      if (check.requires.every((table) => context.schema.has(table))) check.ahead?.(context).catch(() => {});
    }
    progress.start('Checking', checks.length);
    const reports = new Map<Check, CheckReport>();
    await inSavepoint(db, async (guard) => {
      for (const check of lastWhatTakesItsTime(checks)) {
        reports.set(check, (await runCheck(check, context, guard)).report);
        progress.advance(1, check.title);
      }
    });
    progress.done();
    const release = await releaseOf(db, context.schema);
    const inOrder = checks.flatMap((check) => reports.get(check) ?? []);
    return { checks: inOrder, clean: !inOrder.some(isProblem), release };
  } finally {
    await db.dialect.endRead(db).catch(() => {
      // The connection is gone; the error that says so is on its way.
    });
  }
}

async function besideOf(db: Connection, connect: Beside | undefined): Promise<Beside | null> {
  const { sharedRead } = db.dialect;
  if (sharedRead === null || connect === undefined) return null;
  const offered = await sharedRead.offer(db);
  return (read) =>
    connect(async (other) => {
      await sharedRead.join(other, offered);
      const result = await read(other);
      await other.dialect.endRead(other);
      return result;
    });
}

/** Slow work that was begun ahead is waited for when the database has answered everything else. */
function lastWhatTakesItsTime(checks: readonly Check[]): Check[] {
  const isSlow = (check: Check) => check.ahead !== undefined;
  return [...checks.filter((check) => !isSlow(check)), ...checks.filter(isSlow)];
}
