import { sql } from 'kysely';
import { fine, found } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { statement } from '../../database/statement.ts';
import { GatewayError } from '../../errors.ts';
import { mcpgw, shell } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import { plural } from '../../report/plural.ts';
import { thousands } from '../../report/thousands.ts';
import { readHeader } from '../../salvage/index.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import { lostAndFoundIn } from '../data/lost-and-found.ts';
import { type InsideCheck, realFile } from './file-check.ts';
import { fileFilesystem } from './places.ts';

/** What the header of an open file says. */
interface FileLayout {
  readonly pageSize: number;
  readonly pages: number;
  readonly freePages: number;
}

export async function readFileLayout(db: Connection): Promise<FileLayout> {
  const [row] = await db.query<FileLayout>(sql`
    SELECT s.page_size AS pageSize, p.page_count AS pages, f.freelist_count AS freePages
    FROM pragma_page_size s, pragma_page_count p, pragma_freelist_count f`);
  if (row === undefined) throw new Error('SQLite tells nothing about the file');
  return row;
}

const pragmaOf = ({ pragmas }: SqliteTarget, name: string) =>
  pragmas.find((pragma) => pragma.name === name)?.value;

/** A file of this size is in use by people: then a writer that keeps all readers waiting is felt. */
const IN_USE = 10_000_000;

export const databaseJournalMode: InsideCheck = {
  id: 'database.journal-mode',
  title: 'The journal mode suits how the gateway works',
  level: 'warning',
  hint: 'Without WAL mode whoever writes keeps everybody else waiting, readers too: that is where "database is locked" comes from when several workers run. The mode stays with the file.',
  async find({ db, target }) {
    // Not every pragma can be read as a table: this one cannot.
    const [mode] = await db.query<{ journal_mode: string }>(sql`PRAGMA journal_mode`);
    const { pages, freePages, pageSize } = await readFileLayout(db);
    const wanted = pragmaOf(target, 'journal_mode');
    const used = (pages - freePages) * pageSize;
    const facts = `the journal mode is ${mode?.journal_mode}, the file holds ${byteSize(used)}`;
    const isMissing = wanted === undefined ? used > IN_USE : wanted === 'wal';
    if (mode?.journal_mode === 'wal' || !isMissing) return fine(facts);
    return found([wanted === 'wal' ? `${facts}, and DATABASE_URL asks for wal` : facts], {
      command: shell(`sqlite3 ${target.path} 'PRAGMA journal_mode = WAL'`),
    });
  },
  async repair(context) {
    // WAL mode needs memory that all processes share, which no network gives.
    if (context.target.readOnly || (await fileFilesystem.find(context)).count > 0) return null;
    return {
      summary: ['Switch the file to WAL mode; the gateway must not be at work meanwhile'],
      run: () =>
        context.connect('write', async (db) => {
          const [mode] = await db.query<{ journal_mode: string }>(sql`PRAGMA journal_mode = WAL`);
          if (mode?.journal_mode === 'wal') return ['the journal mode is wal'];
          throw new GatewayError('BUSY', `The journal mode is still ${mode?.journal_mode}.`, {
            hint: 'Stop the gateway, then run the command again. Nothing was changed.',
          });
        }),
    };
  },
};

/**
 * A parameter of DATABASE_URL: it lasts as long as a connection, so what counts is what the URL asks of each.
 * Recommended is what the upgrade guide of the gateway has, with a cache in KiB instead of pages.
 */
interface Parameter extends Pick<InsideCheck, 'id' | 'title' | 'level' | 'hint'> {
  /** The first name is the one to write. */
  readonly names: readonly string[];
  readonly recommended: string;
  judge(target: SqliteTarget): readonly [isWrong: boolean, fact: string];
}

const SHORT_MS = 1_000;
/** SQLite's own default is 2 MB. */
const SMALL_CACHE_KIB = 2_000;

const PARAMETERS: readonly Parameter[] = [
  {
    id: 'database.busy-timeout',
    title: 'Connections wait for each other',
    level: 'warning',
    hint: 'A connection that does not wait fails with "database is locked" as soon as another one writes; half a minute is what the upgrade guide recommends.',
    names: ['timeout', 'busy_timeout'],
    recommended: '30',
    judge: ({ busyTimeoutMs }) => [busyTimeoutMs < SHORT_MS, `they wait ${busyTimeoutMs / 1000} s`],
  },
  {
    id: 'database.synchronous',
    title: 'Commits reach the disk',
    level: 'warning',
    hint: 'With synchronous=OFF a power cut or a crash of the machine can damage the whole file, not only lose the last commits.',
    names: ['synchronous'],
    recommended: 'NORMAL',
    judge(target) {
      const value = pragmaOf(target, 'synchronous') ?? 'full';
      return [['off', '0'].includes(value), `synchronous is ${value}`];
    },
  },
  {
    id: 'database.cache-size',
    title: 'The page cache is large enough',
    level: 'info',
    hint: 'With a cache below SQLite’s own default of 2 MB the gateway reads the same pages again and again.',
    names: ['cache_size'],
    recommended: '-32000',
    judge(target) {
      const value = Number(pragmaOf(target, 'cache_size') ?? -SMALL_CACHE_KIB);
      // A negative number is of KiB, a positive one of pages of 4 KiB as a rule.
      const kib = value < 0 ? -value : value * 4;
      return [kib < SMALL_CACHE_KIB, `the cache of a connection has ${kib} KiB`];
    },
  },
];

export const parameterChecks = PARAMETERS.map(
  ({ names, recommended, judge, ...described }): InsideCheck => ({
    ...described,
    async find({ target }) {
      const [isWrong, fact] = judge(target);
      // The same URL with this parameter as it should be.
      const [file = '', query = ''] = target.maskedUrl.split('?');
      const others = query
        .split('&')
        .filter((part) => part !== '' && !names.includes(part.split('=')[0] ?? ''));
      const command = shell(`DATABASE_URL='${file}?${[...others, `${names[0]}=${recommended}`].join('&')}'`);
      return { count: isWrong ? 1 : 0, sample: [fact], command };
    },
  }),
);

export const databaseVersion: InsideCheck = {
  id: 'database.version',
  title: 'No newer SQLite than the one built in wrote the file',
  level: 'info',
  hint: 'A newer SQLite wrote the file last. Its format is the same, but its SQL may use what older programs do not know; keep the versions together where you can.',
  async find({ db, target }) {
    const writtenBy = readHeader(realFile(target))?.writtenBy ?? '';
    const { version } = db.dialect.server;
    const facts = `written by SQLite ${writtenBy}, built in is ${version}`;
    const isNewer = writtenBy.localeCompare(version, 'en', { numeric: true }) > 0;
    return isNewer ? found([facts]) : fine(facts);
  },
};

export const databaseForeignKeys: InsideCheck = {
  id: 'database.foreign-keys',
  title: 'No row points at a row that is gone',
  level: 'warning',
  hint: 'The gateway does not enforce foreign keys on SQLite, so rows outlive what they belong to. A migration takes them along; mcpgw fix deletes or detaches them afterwards.',
  command: mcpgw('fix', '--only', 'foreign-keys.dangling'),
  async find(context) {
    const rows = await context.db.query<{ child: string; parent: string; n: number }>(
      sql`SELECT "table" AS child, parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    // What is gone may be among those rows, and deleting links to it is no way back.
    const [lost] = lostAndFoundIn(context);
    const lines = rows.map(({ child, parent, n }) => `${child}: ${plural(n, 'row')} without their ${parent}`);
    return found(lines, lost && { command: lost.look });
  },
};

const MANY_ROWS = 100_000;

export const databaseStatistics: InsideCheck = {
  id: 'database.statistics',
  title: 'The query planner knows the tables',
  level: 'info',
  hint: 'Without statistics SQLite guesses which index is best; on tables of this size a wrong guess is felt in the admin pages.',
  async find({ db, schema, target }) {
    const stats = await db.query(sql`SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'`);
    if (stats.length > 0 || schema.size === 0) return fine();
    // The highest rowid is found at once, where counting would read every row.
    const highest = await db.query<{ name: string; n: number | null }>(
      sql`${sql.join(
        [...schema.keys()].map(
          (name) => sql`SELECT ${sql.lit(name)} AS name, max(rowid) AS n FROM ${sql.id(name)}`,
        ),
        sql` UNION ALL `,
      )}`,
    );
    const large = highest.filter(({ n }) => (n ?? 0) > MANY_ROWS);
    const lines = large.map(({ name, n }) => `${name}: up to ${thousands(n ?? 0)} rows, and no statistics`);
    return found(lines, { command: shell(`sqlite3 ${target.path} ANALYZE`) });
  },
  async repair(context) {
    if (context.target.readOnly) return null;
    return {
      summary: ['Collect statistics (ANALYZE); no row is changed'],
      run: () =>
        context.connect('write', async (db) => {
          await db.run(statement('ANALYZE'));
          const [row] = await db.query<{ n: number }>(sql`SELECT count(*) AS n FROM sqlite_stat1`);
          return [`statistics of ${row?.n ?? 0} indexes and tables collected`];
        }),
    };
  },
};
