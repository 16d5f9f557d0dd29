import type { DoctorCheck } from '../checks/check.ts';
import { checksOf } from '../checks/registry.ts';
import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { GatewayError } from '../errors.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import { type Checked, checkAndPlan, notChecked } from './check-and-plan.ts';
import type { DoctorContext, OpenContext, TargetContext } from './context.ts';
import { doesNotOpen } from './database-opens.ts';

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
  const checked: Checked[] = [];
  let release: Release | null = null;
  /** Why going on is no use. */
  let why: string | null = null;
  const stop = (reason: string) => {
    why ??= reason;
  };
  const tell = (one: Checked) => {
    checked.push(one);
    if (one.decisive) stop(`because of ${one.report.id}`);
  };
  /** @param guard keeps the failure of one from being that of the next */
  async function make<Context extends DoctorContext>(
    checks: readonly DoctorCheck<Context>[],
    of: Context,
    guard?: Guard,
  ): Promise<void> {
    progress.start('Checking', checks.length);
    for (const check of checks) {
      tell(why === null ? await checkAndPlan(check, of, guard) : notChecked(check, `Not checked ${why}.`));
      progress.advance(1, check.title);
    }
    progress.done();
  }

  const { target } = context.inspected;
  const all = await checksOf(target?.dialect ?? null);
  await make(all.settings, context);
  await make(all.machine, context);
  if (target === null) {
    stop('since the settings do not say which database is meant');
    for (const check of all.inside) tell(notChecked(check, `Not checked ${why}.`));
    return { checked, release };
  }
  const outer: TargetContext = { ...context, target };
  await make(all.outside, outer);
  const skipOpened = () => {
    const made = new Set(checked.map(({ report }) => report.id));
    for (const check of [...all.inside, ...all.state]) {
      if (!made.has(check.id)) tell(notChecked(check, `Not checked ${why}.`));
    }
  };
  if (why === null) {
    try {
      await context.connect('read', async (db) => {
        await db.dialect.beginRead(db, TABLE_WAIT_MS);
        const schema = await db.dialect.readSchema(db);
        const inner: OpenContext = { ...outer, db, schema };
        await inSavepoint(db, async (guard) => {
          await make(all.inside, inner, guard);
          if (why === null) {
            release = await guard(() => releaseOf(db, schema)).catch((error: unknown) => {
              stop(unreadable(db, error));
              return null;
            });
          }
          const isAbout = ({ onlyAt }: DoctorCheck<OpenContext>) =>
            // Of a release that is not known it is said why not.
            onlyAt === undefined || release === null || [onlyAt, 'unknown'].includes(release.release);
          await make(all.state.filter(isAbout), inner, guard);
        });
        await db.dialect.endRead(db).catch(() => {
          // Nothing was written, and the connection is closed next.
        });
      });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      tell(doesNotOpen(error));
      skipOpened();
    }
  } else skipOpened();
  if (accessTest) await make(all.access, outer);
  return { checked, release };
}

/** Why the gateway's data is not looked at when not even its release can be read. */
function unreadable(db: Connection, error: unknown): string {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known === null) throw error;
  return `since the gateway’s tables cannot be read: ${known.message.replace(/\.$/, '')}`;
}
