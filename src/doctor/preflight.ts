import type { DoctorCheck } from '../checks/check.ts';
import { checksOf } from '../checks/registry.ts';
import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { advise, type Text } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { checkAndPlan } from './check-and-plan.ts';
import type { DoctorContext, TargetContext } from './context.ts';

/** What a migration must not, or should better not, be tried with. */
export interface Preflight {
  /** Each as `id: finding`. */
  readonly refusals: readonly Text[];
  readonly warnings: readonly Text[];
}

/**
 * Makes those checks of the doctor that matter to a migration and that it does not make itself. Only reads,
 * in a transaction of its own; must be called while no other is open.
 *
 * @param target a database that is there
 * @param schema what is in it
 * @param tableWaitMs how long a table that somebody has locked is waited for
 */
export async function preflight(
  db: Connection,
  context: DoctorContext,
  target: DatabaseTarget,
  schema: Schema,
  tableWaitMs?: number,
): Promise<Preflight> {
  const told = { refuse: [] as Text[], warn: [] as Text[], notes: [] as Text[] };

  async function make<Context extends DoctorContext>(
    checks: readonly DoctorCheck<Context>[],
    of: Context,
    guard?: Guard,
  ): Promise<void> {
    for (const check of checks) {
      if (check.preflight === undefined) continue;
      const { report, notes = [] } = await checkAndPlan(check, of, guard);
      const withId = (line: Text) => advise`${report.id}: ${line}`;
      const isFound = report.status === 'failed' || report.status === 'warned';
      if (isFound) told[check.preflight].push(...report.findings.map(withId));
      told.notes.push(...notes.map(withId));
    }
  }

  const outer: TargetContext = { ...context, target };
  const { settings, outside, inside } = await checksOf(target.dialect);
  await make(settings, context);
  await make(outside, outer);
  if (inside.some((check) => check.preflight !== undefined)) {
    await db.dialect.beginRead(db, tableWaitMs);
    try {
      await inSavepoint(db, (guard) => make(inside, { ...outer, db, schema }, guard));
    } finally {
      await db.dialect.endRead(db);
    }
  }
  return { refusals: told.refuse, warnings: [...told.warn, ...told.notes] };
}
