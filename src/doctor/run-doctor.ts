import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { GatewayError } from '../errors.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';
import type { Progress } from '../progress.ts';
import { ACCESS_EXAMINATIONS } from './access/examinations.ts';
import type { DoctorContext, OpenContext, TargetContext } from './context.ts';
import { DATA_EXAMINATIONS } from './data/examinations.ts';
import { type Examination, fine } from './examination.ts';
import { examinationsOf } from './examinations.ts';
import { type Examined, examine, notExamined } from './examine.ts';
import { MACHINE_EXAMINATIONS } from './machine/examinations.ts';
import { SETTINGS_EXAMINATIONS } from './settings/examinations.ts';

/** Longer than any statement of the gateway holds a table; whoever does is named, and not waited for again and again. */
const TABLE_WAIT_MS = 1_000;

/** Passes by being reached; `doesNotOpen` is what it says otherwise. */
export const databaseOpens: Examination<OpenContext> = {
  id: 'database.open',
  title: 'The database opens',
  level: 'error',
  meaning: 'Nothing works before the database opens.',
  decisive: true,
  async find({ db }) {
    const { product, version } = db.dialect.server;
    return fine(`${product} ${version}`);
  },
};

export interface DoctorResult {
  readonly examined: readonly Examined[];
  /** Null when the database could not be opened, or the gateway's tables cannot be read. */
  readonly release: Release | null;
}

/**
 * Makes every examination, from the outside in: settings, machine, file or server, and, when nothing found so far
 * forbids it, the open database and the gateway's data in it. Writes nothing; `accessTest` writes what it
 * rolls back.
 */
export async function runDoctor(
  context: DoctorContext,
  { accessTest }: { readonly accessTest: boolean },
  progress: Progress,
): Promise<DoctorResult> {
  const rounds = new Rounds(progress);
  await rounds.make(SETTINGS_EXAMINATIONS, context);
  await rounds.make(MACHINE_EXAMINATIONS, context);
  const { target } = context.inspected;
  if (target === null) {
    rounds.stop('Not examined: the settings do not say which database is meant');
    rounds.skip([databaseOpens]);
    return { examined: rounds.examined, release: null };
  }
  const outer: TargetContext = { ...context, target };
  const { outside, inside } = await examinationsOf(target);
  await rounds.make(outside, outer);
  const opened = [databaseOpens, ...inside, ...DATA_EXAMINATIONS];
  const accessed = accessTest ? ACCESS_EXAMINATIONS : [];
  if (rounds.stopped) {
    rounds.skip([...opened, ...accessed]);
    return { examined: rounds.examined, release: null };
  }
  let release: Release | null = null;
  try {
    await context.connect('read', async (db) => {
      await db.dialect.beginRead(db, TABLE_WAIT_MS);
      const schema = await db.dialect.readSchema(db);
      const inner: OpenContext = { ...outer, db, schema };
      await inSavepoint(db, async (guard) => {
        await rounds.make([databaseOpens, ...inside], inner, guard);
        if (!rounds.stopped) {
          await guard(async () => {
            release = await releaseOf(db, schema);
          }).catch((error: unknown) => rounds.stop(unreadable(db, error)));
        }
        await rounds.make(
          DATA_EXAMINATIONS.filter((each) => isAbout(each, release)),
          inner,
          guard,
        );
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
  return { examined: rounds.examined, release };
}

/** The error that opening ended in, told as a finding. */
function doesNotOpen(error: GatewayError): Examined {
  const examined = notExamined(databaseOpens, error.hint);
  const findings = [error.message, ...error.details];
  return {
    ...examined,
    report: { ...examined.report, status: 'failed', count: 1, findings },
    decisive: true,
  };
}

/** Why the gateway's data is not looked at when not even its release can be read. */
function unreadable(db: Connection, error: unknown): string {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known === null) throw error;
  return `Not examined, since the gateway’s tables cannot be read: ${known.message.replace(/\.$/, '')}`;
}

/** Whether an examination is about data like these; of a release that is not known it is said why not. */
function isAbout({ onlyAt }: Pick<Examination<never>, 'onlyAt'>, found: Release | null): boolean {
  return onlyAt === undefined || found === null || [onlyAt, 'unknown'].includes(found.release);
}

/** Collects what is found, and stops where going on is no use. */
class Rounds {
  readonly examined: Examined[] = [];
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
    examinations: readonly Examination<Context>[],
    context: Context,
    guard?: Guard,
  ): Promise<void> {
    this.#progress.start('Examining', examinations.length);
    for (const examination of examinations) {
      if (this.#why === null) this.found(await examine(examination, context, guard));
      else this.skip([examination]);
      this.#progress.advance(1, examination.title);
    }
    this.#progress.done();
  }

  found(examined: Examined): void {
    this.examined.push(examined);
    if (examined.decisive) this.stop(`Not examined because of ${examined.report.id}`);
  }

  stop(why: string): void {
    this.#why ??= why;
  }

  /** Those that were not made yet are told as skipped. */
  skip(examinations: readonly Pick<Examination<never>, 'id' | 'title' | 'level'>[]): void {
    const made = new Set(this.examined.map(({ report }) => report.id));
    for (const examination of examinations) {
      if (!made.has(examination.id)) this.examined.push(notExamined(examination, `${this.#why}.`));
    }
  }
}
