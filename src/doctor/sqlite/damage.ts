import { sql } from 'kysely';
import { type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { translateSqliteError } from '../../database/sqlite/errors.ts';
import { readDamage } from '../../database/sqlite/refusals.ts';
import { quoteName } from '../../database/sqlite/table-sql.ts';
import { statement } from '../../database/statement.ts';
import { GatewayError } from '../../errors.ts';
import { advise, mcpgw, shell, type Text } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import { backupsOf, type WholeBackup } from '../backups-of.ts';
import type { FileContext, InsideCheck, InsideContext } from './file-check.ts';
import { readFileLayout } from './pragmas.ts';
import { salvageRepair } from './salvage-repair.ts';

type Damaged = Pick<DoctorCheck<never>, 'id' | 'title' | 'hint' | 'preflight'>;

/**
 * A check for damage, after which nothing can be believed: whole backups are told with what it finds, and the
 * repair is to salvage what is left.
 */
export function damageCheck<Context extends FileContext>({
  advice,
  damage,
  ...described
}: Damaged & {
  /** Where there is no backup of it. */
  readonly advice: string;
  /** What is damaged, a line each. */
  damage(context: Context): Promise<readonly Text[]>;
}): DoctorCheck<Context> {
  const { hint: meaning } = described;
  return {
    ...described,
    level: 'error',
    hint: advise`${meaning} ${advice}`,
    command: mcpgw('backup', '--list'),
    decisive: true,
    async find(context) {
      const sample = await damage(context);
      return sample.length === 0 ? fine() : damageFindings(context, sample, meaning);
    },
    repair: async (context) => salvageRepair(context),
  };
}

/** The newest are what somebody wants back. */
const NAMED = 3;

/**
 * What is told of a file that is damaged: with a whole backup beside it, to restore that, which loses nothing but
 * what was written since.
 *
 * @param meaning what the damage means, without advice
 */
export async function damageFindings(
  context: FileContext,
  sample: readonly Text[],
  meaning: Text,
): Promise<Findings> {
  const whole = await wholeBackups(context);
  const [newest] = whole;
  if (newest === undefined) return { count: sample.length, sample };
  const named = whole.slice(0, NAMED).map(({ path, facts }) => `${path} (${facts})`);
  return {
    count: sample.length,
    sample,
    hint: advise`${meaning}\nBackups of it that are whole, the newest first: ${named.join(', ')}.\nRestoring one loses what was written since; mcpgw doctor --repair keeps what can still be read instead.`,
    instead: mcpgw('restore', newest.path),
  };
}

async function wholeBackups(context: FileContext): Promise<readonly WholeBackup[]> {
  try {
    return (await backupsOf(context)).whole;
  } catch {
    // A folder that this user may not read: then nothing is known of backups.
    return [];
  }
}

const SALVAGE = 'Restore a backup, or salvage what is left into a new file.';

/** Opens the file, which reads its first pages: no check inside of it comes to that when they are damaged. */
export const fileSchema = damageCheck<FileContext>({
  id: 'file.schema',
  title: 'The list of its tables can be read',
  hint: 'The pages that say which tables there are and where are damaged, so nothing of the database can be reached.',
  advice: SALVAGE,
  async damage({ connect }) {
    try {
      await connect('read', (db) => db.dialect.readSchema(db));
    } catch (error) {
      // Anything else is told by the check that opens it next.
      if (error instanceof GatewayError && ['CORRUPT', 'NOT_A_DATABASE'].includes(error.code)) {
        return [error.message];
      }
    }
    return [];
  },
});

export const databaseIntegrity = damageCheck<InsideContext>({
  id: 'database.integrity',
  title: 'The pages of the file are sound',
  hint: 'Rows are lost already or will be: the gateway reports "database disk image is malformed" when it comes to such a page, and a migration would stop half way.',
  advice: SALVAGE,
  async damage(context) {
    const { pages } = await damageOf(context);
    return pages.length === 0 ? [] : [...(await damagedTables(context)), ...pages];
  },
});

/** Rows of a unique index that are not: no index can be built over those. */
const NOT_UNIQUE = /^non-unique entry/;

export const databaseIndexes: InsideCheck = {
  id: 'database.indexes',
  title: 'Indexes hold what their tables do',
  level: 'error',
  hint: 'Queries that use such an index miss rows or find rows that are gone; no row itself is lost. The index must be built again before a migration.',
  async find(context) {
    const { indexes } = await damageOf(context);
    if (indexes === null) return fine('a large file: compared with --verbose only');
    return found(indexes, { command: shell(`sqlite3 ${context.target.path} REINDEX`) });
  },
  async repair(context) {
    const lines = (await damageOf(context)).indexes ?? [];
    if (lines.length === 0 || lines.some((line) => NOT_UNIQUE.test(line))) return null;
    const names = [...new Set(lines.map((line) => / index (.+)$/.exec(line)?.[1] ?? ''))];
    return {
      summary: [`Build again: ${names.join(', ')}`, 'No row of a table is changed'],
      run: () =>
        context.connect('write', async (db) => {
          try {
            for (const name of names) await db.run(statement(`REINDEX ${quoteName(name)}`));
          } catch (error) {
            throw translateSqliteError(error, context.target.path) ?? error;
          }
          const left = await readDamage(db, 'full');
          if (left.length === 0) return [`${names.join(', ')}: built again; integrity_check: ok`];
          throw new GatewayError('CORRUPT', `The file is still damaged: ${left[0]}.`, {
            details: left.slice(0, 5),
            hint: advise`Look again: ${mcpgw('doctor', '--verbose')}`,
          });
        }),
    };
  },
};

/** What the database itself finds wrong with its pages. */
interface Damage {
  /** Of pages and rows. */
  readonly pages: readonly string[];
  /** Of indexes that do not hold what their tables do; null where they were not compared. */
  readonly indexes: readonly string[] | null;
}

const OUT_OF_STEP = /^(?:row \d+ missing from index|wrong # of entries in index|non-unique entry in index) /;

/** Bytes up to which the full check takes no longer than a blink. */
const SMALL = 16_000_000;

const known = new WeakMap<InsideContext, Promise<Damage>>();

/** Checks the file once for all checks: in full when it is small, or when there is time for it. */
function damageOf(context: InsideContext): Promise<Damage> {
  const damage = known.get(context) ?? findDamage(context);
  known.set(context, damage);
  return damage;
}

async function findDamage({ db, thorough, target }: InsideContext): Promise<Damage> {
  const { pages, pageSize } = await readFileLayout(db);
  const isFull = thorough || pages * pageSize <= SMALL;
  const lines = await linesOfDamage(db, target.path, isFull ? 'full' : 'quick');
  return {
    pages: lines.filter((line) => !OUT_OF_STEP.test(line)),
    indexes: isFull ? lines.filter((line) => OUT_OF_STEP.test(line)) : null,
  };
}

/** As `readDamage`; damage that stops the check is the one line. */
async function linesOfDamage(db: Connection, path: string, how: 'quick' | 'full', table?: string) {
  try {
    return await readDamage(db, how, table);
  } catch (error) {
    if (translateSqliteError(error, path)?.code !== 'CORRUPT') throw error;
    return [(error as Error).message];
  }
}

/** Between two tables; what one takes cannot be known before. */
const BUDGET_MS = 300;

/**
 * Which tables of a file with damaged pages those are of, a line each: `tools is damaged: …`. SQLite itself often
 * says no more than that something is.
 *
 * @returns the tables that there was no time for, too, in a line of their own
 */
async function damagedTables({ db, target, thorough }: InsideContext): Promise<readonly Text[]> {
  const tables = await db.query<{ name: string }>(
    sql`SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rootpage`,
  );
  const until = performance.now() + BUDGET_MS;
  const lines: Text[] = [];
  for (const [i, { name }] of tables.entries()) {
    if (!thorough && performance.now() > until) {
      lines.push(
        advise`${plural(tables.length - i, 'table')} not looked at, to save time: ${mcpgw('doctor', '--verbose')}`,
      );
      break;
    }
    const [problem] = await linesOfDamage(db, target.path, 'quick', name);
    if (problem !== undefined) lines.push(`${name} is damaged: ${problem}`);
  }
  return lines;
}
