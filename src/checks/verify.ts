import type { Connection } from '../database/connection.ts';
import { inSavepoint } from '../database/in-savepoint.ts';
import { hasEveryStep } from '../migrate/history.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import type { DraftCheck } from '../report/report.ts';
import { setAsideTables } from '../schema/set-aside.ts';
import type { Check } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { RUN_MIGRATE } from './no-admin.ts';
import { isProblem, type Outcome, runCheck } from './run-check.ts';

export interface VerifyResult {
  readonly checks: readonly DraftCheck[];
  readonly clean: boolean;
  readonly release: Release;
  /** A migration of this tool has been through every step. */
  readonly migrated: boolean;
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
    return await checkData(db, checks, input, progress);
  } finally {
    await db.dialect.endRead(db).catch(() => {
      // The connection is gone; the error that says so is on its way.
    });
  }
}

/** The same in a transaction that is there already. */
export async function checkData(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
  progress: Progress,
): Promise<VerifyResult> {
  const context = await checkContext(db, input);
  const release = await releaseOf(db, context.schema);
  for (const check of checks) {
    // A failure is met again where `find` waits for it, and makes that check errored.
    if ((check.requires ?? []).every((table) => context.schema.has(table))) {
      check.ahead?.(context).catch(() => {});
    }
  }
  progress.start('Checking', checks.length);
  const outcomes = new Map<Check, Outcome>();
  let migrated = true;
  await inSavepoint(db, async (guard) => {
    // A history that cannot be read is a finding of its own.
    migrated = await guard(() => hasEveryStep(db, context.schema, input.settings)).catch(() => true);
    for (const check of lastWhatTakesItsTime(checks)) {
      outcomes.set(check, await runCheck(check, context, guard));
      progress.advance(1, check.title);
    }
  });
  progress.done();
  const inOrder = checks.flatMap((check) => {
    const outcome = outcomes.get(check);
    return outcome === undefined ? [] : [atRelease(outcome, release.release)];
  });
  const setAside = setAsideTables(context.schema);
  return { checks: inOrder, clean: !inOrder.some(isProblem), release, migrated, setAside };
}

/**
 * Before v0.7.0 nothing is repaired but what keeps a migration from going on: the migration itself brings the
 * rest, and is the advice of every other check.
 */
function atRelease({ check, findings, report }: Outcome, release: string): DraftCheck {
  const isTold = report.status === 'failed' || report.status === 'warned';
  const isFirst = check.anyRelease === true || findings?.first === true;
  if (release === '0.7.0' || release === 'unknown' || !isTold || isFirst) return report;
  return { ...report, fixable: false, hint: RUN_MIGRATE };
}

/** Slow work that was begun ahead is waited for when the database has answered everything else. */
function lastWhatTakesItsTime(checks: readonly Check[]): Check[] {
  const isSlow = (check: Check) => check.ahead !== undefined;
  return [...checks.filter((check) => !isSlow(check)), ...checks.filter(isSlow)];
}
