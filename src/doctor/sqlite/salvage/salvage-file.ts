import type { Database } from 'better-sqlite3';
import type { Progress } from '../../../progress.ts';
import { HISTORY_TABLE } from '../../../schema/gateway-tables.ts';
import { type FileHeader, freePages } from './header.ts';
import { NewDatabase, type NewTable } from './new-database.ts';
import { PageFile, steps } from './page-file.ts';
import { expectedTables, readSchemaEntries, type SchemaEntry } from './read-schema-entries.ts';
import {
  type IndexTree,
  keepIndexedParts,
  placeOrphans,
  type SalvageTools,
  type Source,
  salvageTable,
} from './salvage-table.ts';
import { Survey, type SurveyedTree } from './survey.ts';

export interface SalvagedTable {
  readonly name: string;
  readonly recovered: number;
  /** Rows of it, for sure or perhaps, that are in the lost-and-found table. */
  readonly aside: number;
  readonly lost: { readonly rows: number; readonly known: 'exactly' | 'at least' | 'at most' } | 'unknown';
  /** Lost rows of which the lost-and-found table has what is in indexes. */
  readonly inPart: number;
  /** Its definition was lost: it is this program's own. */
  readonly assumed: boolean;
}

export interface Salvaged {
  readonly tables: readonly SalvagedTable[];
  readonly lostAndFound: { readonly table: string; readonly rows: number };
  /** Tables, indexes, views and triggers that could not be made again, and why. */
  readonly leftOut: readonly string[];
  /** What else is to be known, a sentence each. */
  readonly notes: readonly string[];
  /** Lines of `integrity_check`; none for a sound file. */
  readonly damage: readonly string[];
  /** Rows whose foreign key points at nothing, by the table they are in. */
  readonly dangling: ReadonlyMap<string, number>;
}

export interface SalvageRequest {
  /** A copy of the damaged file with a header that SQLite takes, and everything of its -wal in it. */
  readonly work: string;
  /** Where the new file is made; it is not there yet. */
  readonly draft: string;
  readonly header: FileHeader;
  readonly progress: Pick<Progress, 'log'>;
  readonly signal: AbortSignal;
  /** Rows that somebody else could read; called when all tables are filled. */
  readonly alsoRead?: (database: NewDatabase, unsound: readonly NewTable[]) => Promise<string>;
}

/** Tables that SQLite makes and fills itself. */
const isInternal = ({ name }: SchemaEntry) => name.startsWith('sqlite_');

/**
 * Takes every readable row of every table of a damaged database into a new one. Sound tables are copied by
 * SQLite; of the others each page is read by itself, those that no page leads to any more included. Only rows
 * that are whole, of pages that are sound, go into their table: what is less sure is set aside.
 *
 * Bytes that changed inside of a value, and still are one, cannot be told from what was there.
 */
export async function salvageFile(request: SalvageRequest): Promise<Salvaged> {
  const { work, draft, header, progress, signal } = request;
  const step = steps(signal);
  const file = new PageFile(work, header.layout);
  const database = new NewDatabase(draft, header, work);
  try {
    const survey = new Survey(file);
    const tools = { file, database, survey, step };
    const { entries, complete } = await readSchemaEntries(file, survey, step);
    const assumed = complete ? [] : expectedTables(entries);
    const notes: string[] = [];
    const leftOut: string[] = [];
    const sources: Source[] = [];
    const indexes = new Map<string, IndexTree[]>();
    const tables = [...entries, ...assumed].filter((entry) => entry.type === 'table');
    for (const entry of tables) {
      if (isInternal(entry)) continue;
      const { root, sql } = entry;
      const table = /^CREATE\s+VIRTUAL/i.test(sql ?? '')
        ? 'virtual tables are not made again'
        : database.createTable(entry);
      if (typeof table === 'string') {
        leftOut.push(`table ${entry.name}: ${table}`);
        continue;
      }
      const kind = table.withoutRowid ? 'index' : 'table';
      const tree = root < 2 ? null : await survey.add({ root, kind }, step, table.columns);
      sources.push({ table, tree, assumed: assumed.includes(entry) });
    }
    for (const entry of entries) {
      if (entry.type !== 'index' || entry.root < 2) continue;
      const tree = await survey.add({ root: entry.root, kind: 'index' }, step);
      // A partial index says nothing about how many rows there were.
      if (/\sWHERE\s/i.test(entry.sql ?? '')) continue;
      indexes.set(entry.table, [...(indexes.get(entry.table) ?? []), { name: entry.name, tree }]);
    }

    const free = freePages(file, header.kept);
    const unsound: Source[] = [];
    for (const source of sources) {
      const { table, tree } = source;
      // All trees are known by now: only now a tree that seemed sound is.
      if (tree !== null && survey.isSound(tree) && database.copyFrom(table, tree.entries)) continue;
      unsound.push(source);
      if (tree === null || !survey.isSound(tree)) {
        progress.log(`${table.name} is damaged: its pages are read one by one`);
      }
      if (tree !== null) await salvageTable(tools, table, tree);
    }
    const ignored = await placeOrphans(tools, free, unsound, assumed.length === 0);
    if (ignored > 0) {
      notes.push(
        `${ignored} pages that no table leads to were left alone: the list of free pages is damaged, and they may hold deleted rows.`,
      );
    }
    database.commit();
    if (request.alsoRead !== undefined && unsound.length > 0) {
      const tables = unsound.map(({ table }) => table);
      notes.push(await request.alsoRead(database, tables));
      database.commit();
    }

    const kept = sources.filter(({ table, assumed }) => {
      const isNeeded = table.name !== HISTORY_TABLE || !assumed || isUsed(database, table);
      // The gateway migrates without it: then it is no loss, and an empty one would tell of a run that never was.
      if (!isNeeded) database.drop(table);
      return isNeeded;
    });
    database.keepSequences();
    for (const entry of [...entries, ...assumed]) {
      if (entry.type === 'table' || entry.sql === null || isInternal(entry)) continue;
      const refused = database.create(entry.sql);
      if (refused !== null) leftOut.push(`${entry.type} ${entry.name} of ${entry.table}: ${refused}`);
    }
    const inPart = new Map<Source, number>();
    for (const source of unsound.filter((each) => kept.includes(each))) {
      const { table } = source;
      inPart.set(source, await keepIndexedParts(tools, table, indexes.get(table.name) ?? []));
    }
    database.commit();
    if (entries.some(({ name }) => name === 'sqlite_stat1')) database.create('ANALYZE');
    const salvaged = kept.map((source) => {
      const trees = (indexes.get(source.table.name) ?? []).map((index) => index.tree);
      const account = accountOf(tools, source, trees);
      const parts = inPart.get(source) ?? 0;
      return { ...account, aside: account.aside - parts, inPart: parts, assumed: source.assumed };
    });
    return {
      tables: salvaged,
      lostAndFound: { table: database.lostAndFound.name, rows: database.lostAndFound.rows },
      leftOut,
      notes,
      ...checkNewDatabase(database.db),
    };
  } finally {
    database.close();
    file.close();
  }
}

/** Whether a table got any row, or may have. */
function isUsed(database: NewDatabase, table: NewTable): boolean {
  return database.count(table) > 0 || database.lostAndFound.rowsOf(table.name) > 0;
}

/** An index has an entry for each row, and its own pages: where those are sound it knows what is lost. */
function accountOf(
  { database, survey }: Pick<SalvageTools, 'database' | 'survey'>,
  { table, tree }: Source,
  indexes: readonly SurveyedTree[],
): Omit<SalvagedTable, 'assumed' | 'inPart'> {
  const recovered = database.count(table);
  const account = { name: table.name, recovered, aside: database.lostAndFound.rowsOf(table.name) };
  const exact = new Set(indexes.filter((index) => survey.isSound(index)).map(({ entries }) => entries));
  if (tree !== null && survey.isSound(tree)) exact.add(tree.entries);
  const [rows, ...others] = exact;
  // One of two that are sound and disagree is a page of elsewhere in the place of its own.
  if (others.length > 0) return { ...account, lost: 'unknown' };
  if (rows !== undefined) {
    return { ...account, lost: { rows: Math.max(0, rows - recovered), known: 'exactly' } };
  }
  const least = Math.max(0, ...indexes.map(({ entries }) => entries - recovered));
  if (least > 0) return { ...account, lost: { rows: least, known: 'at least' } };
  const most = tree === null || survey.isDisputed(tree) ? null : roomInGaps(tree, recovered);
  if (most === null) return { ...account, lost: 'unknown' };
  return { ...account, lost: { rows: most, known: most === 0 ? 'exactly' : 'at most' } };
}

/** How many rows the gaps between those that are left can have held, by their rowids; null for no bound. */
function roomInGaps({ kind, missing, entries, brokenRows }: SurveyedTree, recovered: number): number | null {
  // Rows of other tables in its place count for nothing.
  if (kind !== 'table' || brokenRows > 0) return null;
  let room = 0;
  for (const { above, upTo } of missing) {
    if (upTo === null) return null;
    // Rowids count up from 1 unless somebody chose others.
    room += Number(upTo) - Math.max(0, Number(above ?? 0));
  }
  return Math.max(0, room - Math.max(0, recovered - entries));
}

export /** Proves what was made: its pages, and where rows point. */
function checkNewDatabase(db: Database): Pick<Salvaged, 'damage' | 'dangling'> {
  const lines = db.pragma('main.integrity_check') as { integrity_check: string }[];
  const dangling = new Map<string, number>();
  try {
    for (const row of db.prepare<[], { table: string }>('PRAGMA main.foreign_key_check').iterate()) {
      dangling.set(row.table, (dangling.get(row.table) ?? 0) + 1);
    }
  } catch {
    // A key that points at a table that was lost: which table is told with the tables.
    dangling.clear();
  }
  return { damage: lines.map((line) => line.integrity_check).filter((line) => line !== 'ok'), dangling };
}
