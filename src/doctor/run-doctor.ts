import type { DoctorCheck } from '../checks/check.ts';
import { checksOf } from '../checks/registry.ts';
import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { GatewayError } from '../errors.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import { type Checked, checkAndPlan, notChecked } from './check-and-plan.ts';
import type { DoctorContext, OpenContext, TargetContext } from './context.ts';
import { databaseOpens, doesNotOpen } from './database-opens.ts';

/** Longer than any statement of the gateway holds a table; whoever does is named, and not waited for again and again. */
const TABLE_WAIT_MS = 1_000;

export interface DoctorResult {
  readonly checked: readonly Checked[];
  /** Null when the database could not be opened, or the gateway's tables cannot be read. */
  readonly release: Release | null;
}

/**
 * Makes every check, from the outside in: settings, machine, file or server, and, when nothing found so far
 * forbids it, the open database and the gateway's data in it. Writes nothing; `accessTest` writes what it
 * rolls back.
 */
export async function runDoctor(
  context: DoctorContext,
  { accessTest }: { readonly accessTest: boolean },
  progress: Progress,
): Promise<DoctorResult> {
  const rounds = new Rounds(progress);
  const { target } = context.inspected;
  const checks = await checksOf(target?.dialect ?? null);
  await rounds.make(checks.settings, context);
  await rounds.make(checks.machine, context);
  if (target === null) {
    rounds.stop('Not checked: the settings do not say which database is meant');
    rounds.skip([databaseOpens]);
    return { checked: rounds.checked, release: null };
  }
  const outer: TargetContext = { ...context, target };
  await rounds.make(checks.outside, outer);
  const opened = [...checks.inside, ...checks.state];
  const accessed = accessTest ? checks.access : [];
  if (rounds.stopped) {
    rounds.skip([...opened, ...accessed]);
    return { checked: rounds.checked, release: null };
  }
  let release: Release | null = null;
  try {
    await context.connect('read', async (db) => {
      await db.dialect.beginRead(db, TABLE_WAIT_MS);
      const schema = await db.dialect.readSchema(db);
      const inner: OpenContext = { ...outer, db, schema };
      await inSavepoint(db, async (guard) => {
        await rounds.make(checks.inside, inner, guard);
        if (!rounds.stopped) {
          await guard(async () => {
            release = await releaseOf(db, schema);
          }).catch((error: unknown) => rounds.stop(unreadable(db, error)));
        }
        const about = checks.state.filter((each) => isAbout(each, release));
        await rounds.make(about, inner, guard);
      });
      await db.dialect.endRead(db).catch(() => {
        // Nothing was written, and the connection is closed next.
      });
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    rounds.found(doesNotOpen(error));
    rounds.skip(opened);
  }
  await rounds.make(accessed, outer);
  return { checked: rounds.checked, release };
}

/** Why the gateway's data is not looked at when not even its release can be read. */
function unreadable(db: Connection, error: unknown): string {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known === null) throw error;
  return `Not checked, since the gateway’s tables cannot be read: ${known.message.replace(/\.$/, '')}`;
}

/** Whether a check is about data like these; of a release that is not known it is said why not. */
function isAbout({ onlyAt }: Pick<DoctorCheck<never>, 'onlyAt'>, found: Release | null): boolean {
  return onlyAt === undefined || found === null || [onlyAt, 'unknown'].includes(found.release);
}

/** Collects what is found, and stops where going on is no use. */
class Rounds {
  readonly checked: Checked[] = [];
  readonly #progress: Progress;
  #why: string | null = null;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  get stopped(): boolean {
    return this.#why !== null;
  }

  /** @param guard keeps the failure of one from being that of the next */
  async make<Context extends DoctorContext>(
    checks: readonly DoctorCheck<Context>[],
    context: Context,
    guard?: Guard,
  ): Promise<void> {
    this.#progress.start('Checking', checks.length);
    for (const check of checks) {
      if (this.#why === null) this.found(await checkAndPlan(check, context, guard));
      else this.skip([check]);
      this.#progress.advance(1, check.title);
    }
    this.#progress.done();
  }

  found(checked: Checked): void {
    this.checked.push(checked);
    if (checked.decisive) this.stop(`Not checked because of ${checked.report.id}`);
  }

  stop(why: string): void {
    this.#why ??= why;
  }

  /** Those that were not made yet are told as skipped. */
  skip(checks: readonly Pick<DoctorCheck<never>, 'id' | 'title' | 'level'>[]): void {
    const made = new Set(this.checked.map(({ report }) => report.id));
    for (const check of checks) {
      if (!made.has(check.id)) this.checked.push(notChecked(check, `${this.#why}.`));
    }
  }
}
