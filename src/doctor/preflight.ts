import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import type { CheckReport } from '../report/report.ts';
import type { Schema } from '../schema/model.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { DoctorContext, OpenContext, TargetContext } from './context.ts';
import type { Examination } from './examination.ts';
import { examinationsOf } from './examinations.ts';
import { examine } from './examine.ts';
import { SETTINGS_EXAMINATIONS } from './settings/examinations.ts';

/** What a migration must not, or should better not, be tried with. */
export interface Preflight {
  /** Each as `id: finding`. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Makes those examinations of the doctor that matter to a migration and that it does not make itself. Only reads,
 * in a transaction of its own; must be called while no other is open.
 *
 * @param target a database that is there
 * @param schema what is in it
 */
export async function preflight(
  db: Connection,
  context: DoctorContext,
  target: DatabaseTarget,
  schema: Schema,
): Promise<Preflight> {
  const outer: TargetContext = { ...context, target };
  const { outside, inside } = await examinationsOf(target);
  const found = [
    ...(await make(SETTINGS_EXAMINATIONS, context)),
    ...(await make(outside, outer)),
    ...(await makeInside(inside.filter(isWanted), { ...outer, db, schema })),
  ];
  return {
    refusals: linesOf(found, 'refuse'),
    warnings: [
      ...linesOf(found, 'warn'),
      ...found.flatMap(({ report, notes }) => notes.map((note) => `${report.id}: ${note}`)),
    ],
  };
}

interface Made {
  readonly kind: Examination<never>['preflight'];
  readonly report: CheckReport;
  readonly notes: readonly string[];
}

function isWanted({ preflight: kind }: Pick<Examination<never>, 'preflight'>): boolean {
  return kind !== undefined;
}

async function make<Context extends DoctorContext>(
  examinations: readonly Examination<Context>[],
  context: Context,
  guard?: Guard,
): Promise<Made[]> {
  const made: Made[] = [];
  for (const examination of examinations.filter(isWanted)) {
    const { report, notes = [] } = await examine(examination, context, guard);
    made.push({ kind: examination.preflight, report, notes });
  }
  return made;
}

async function makeInside(
  examinations: readonly Examination<OpenContext>[],
  context: OpenContext,
): Promise<Made[]> {
  if (examinations.length === 0) return [];
  const { db } = context;
  await db.dialect.beginRead(db);
  try {
    return await inSavepoint(db, (guard) => make(examinations, context, guard));
  } finally {
    await db.dialect.endRead(db);
  }
}

function linesOf(made: readonly Made[], wanted: Made['kind']): string[] {
  return made
    .filter(
      ({ kind, report }) => kind === wanted && (report.status === 'failed' || report.status === 'warned'),
    )
    .flatMap(({ report }) => report.findings.map((finding) => `${report.id}: ${finding}`));
}
