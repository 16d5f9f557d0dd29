import { sql } from 'kysely';
import { translateSqliteError } from '../../../database/sqlite/errors.ts';
import { readDamage } from '../../../database/sqlite/read-damage.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { OpenContext } from '../../context.ts';

/** What the database itself finds wrong with its pages. */
export interface Damage {
  /** Of pages and rows. */
  readonly pages: readonly string[];
  /** Of indexes that do not hold what their tables do; null where they were not compared. */
  readonly indexes: readonly string[] | null;
}

const OUT_OF_STEP = /^(?:row \d+ missing from index|wrong # of entries in index|non-unique entry in index) /;

/** Bytes up to which the full check takes no longer than a blink. */
const SMALL = 16_000_000;

const known = new WeakMap<OpenContext<SqliteTarget>, Promise<Damage>>();

/** Checks the file once for all examinations: in full when it is small, or when there is time for it. */
export function damageOf(context: OpenContext<SqliteTarget>): Promise<Damage> {
  const damage = known.get(context) ?? findDamage(context);
  known.set(context, damage);
  return damage;
}

async function findDamage({ db, thorough, target }: OpenContext<SqliteTarget>): Promise<Damage> {
  const [size] = await db.query<{ bytes: number }>(
    sql`SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size`,
  );
  const isFull = thorough || (size?.bytes ?? 0) <= SMALL;
  try {
    const lines = await readDamage(db, isFull ? 'full' : 'quick');
    return {
      pages: lines.filter((line) => !OUT_OF_STEP.test(line)),
      indexes: isFull ? lines.filter((line) => OUT_OF_STEP.test(line)) : null,
    };
  } catch (error) {
    const damage = translateSqliteError(error, target.path);
    if (damage?.code !== 'CORRUPT') throw error;
    return { pages: [damage.message], indexes: null };
  }
}
