import type { Connection } from '../database/connection.ts';
import { inSavepoint } from '../database/in-savepoint.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import type { CheckReport } from '../report/report.ts';
import { setAsideTables } from '../schema/set-aside.ts';
import type { Check } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { isProblem, runCheck } from './run-check.ts';

export interface VerifyResult {
  readonly checks: readonly CheckReport[];
  readonly clean: boolean;
  readonly release: Release;
  /** Tables of rows that a salvage could not place. */
  readonly setAside: readonly string[];
}

/** Runs the checks in one transaction that cannot write, so that all of them see the same moment. */
export async function runVerify(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
  progress: Progress,
): Promise<VerifyResult> {
  await db.dialect.beginRead(db);
  try {
    const context = await checkContext(db, input);
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
    const setAside = setAsideTables(context.schema);
    return { checks: inOrder, clean: !inOrder.some(isProblem), release, setAside };
  } finally {
    await db.dialect.endRead(db).catch(() => {
      // The connection is gone; the error that says so is on its way.
    });
  }
}

/** Slow work that was begun ahead is waited for when the database has answered everything else. */
function lastWhatTakesItsTime(checks: readonly Check[]): Check[] {
  const isSlow = (check: Check) => check.ahead !== undefined;
  return [...checks.filter((check) => !isSlow(check)), ...checks.filter(isSlow)];
}
