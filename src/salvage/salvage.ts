import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { freePages, type Layout } from './layout.ts';
import { NewDatabase, type NewTable } from './new-database.ts';
import { PageFile, steps } from './page-file.ts';
import {
  type IndexTree,
  keepIndexedParts,
  placeOrphans,
  type Source,
  salvageTable,
} from './salvage-table.ts';
import { type Definition, readSchemaEntries, type SchemaEntry } from './schema-entries.ts';
import type { OpenFile } from './sqlite.ts';
import { Survey, type SurveyedTree } from './survey.ts';
import { type DamagedFile, makeWorkingCopy } from './working-copy.ts';

export interface SalvagedTable {
  readonly name: string;
  readonly recovered: number;
  /** Rows of it, for sure or perhaps, that are in the lost-and-found table. */
  readonly aside: number;
  readonly lost: { readonly rows: number; readonly known: 'exactly' | 'at least' | 'at most' } | 'unknown';
  /** Lost rows of which the lost-and-found table has what is in indexes. */
  readonly inPart: number;
  /** Its definition was lost: it is one of `definitions`. */
  readonly assumed: boolean;
}

/** What came of a salvage. */
export interface Report {
  readonly tables: readonly SalvagedTable[];
  readonly lostAndFound: { readonly table: string; readonly rows: number };
  /** Tables, indexes, views and triggers that could not be made again, and why. */
  readonly leftOut: readonly string[];
  /** What came of the -wal and -journal of the damaged file, a line each. */
  readonly beside: readonly string[];
  /** What else is to be known, a sentence each. */
  readonly notes: readonly string[];
  /** Lines of `integrity_check`; none for a sound file. */
  readonly damage: readonly string[];
  /** Rows whose foreign key points at nothing, by the table they are in. */
  readonly dangling: ReadonlyMap<string, number>;
  /** Whether the damaged file was in WAL mode, which the new one is not yet. */
  readonly wasWal: boolean;
}

/** A definition that may be among those that were lost. */
export interface KnownDefinition extends Definition {
  /** The database works without it: then it is made only where there are rows for it. */
  readonly optional: boolean;
}

/** What a salvage has from its caller. */
export interface SalvageOptions {
  readonly open: OpenFile;
  /**
   * Definitions of tables and indexes that should be there, for a file whose own list is damaged.
   *
   * @param found those that could be read
   */
  definitions(found: readonly Definition[]): readonly KnownDefinition[];
  /** Name of the table of rows without a sure place; it gets a number behind it where a table has that name. */
  readonly lostAndFound: string;
  log(line: string): void;
  readonly signal: AbortSignal;
}

/** Tables that SQLite makes and fills itself. */
const isInternal = ({ name }: Definition) => name.startsWith('sqlite_');

/**
 * Takes every readable row of every table of a damaged database into a new one. Sound tables are copied by
 * SQLite; of the others each page is read by itself, those that no page leads to any more included. Only rows
 * that are whole, of pages that are sound, go into their table: what is less sure is set aside.
 *
 * Bytes that changed inside of a value, and still are one, cannot be told from what was there.
 *
 * @param damaged is read only
 * @param into where the new file is made; it is not there yet. Whoever gets `damage` or an error removes it.
 * @returns null when no page of a database is in the file
 * @throws the reason of the signal, or an error of the file system
 */
export async function salvage(
  damaged: DamagedFile,
  into: string,
  options: SalvageOptions,
): Promise<Report | null> {
  const work = `${into}.work`;
  try {
    const copy = makeWorkingCopy(damaged, work, options.open);
    if (copy === null) return null;
    const found = await salvageCopy(work, copy.layout, into, options);
    return {
      ...found,
      beside: copy.notes,
      wasWal: copy.layout.kept?.walMode === true || damaged.wal !== null,
    };
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(work + suffix, { force: true });
    // Left behind, empty, by the journal mode of `NewDatabase`.
    rmSync(`${into}-journal`, { force: true });
  }
}

async function salvageCopy(
  work: string,
  layout: Layout,
  into: string,
  { open, definitions, lostAndFound, log, signal }: SalvageOptions,
): Promise<Omit<Report, 'beside' | 'wasWal'>> {
  const file = new PageFile(work, layout.layout);
  const database = new NewDatabase(into, layout, work, open, lostAndFound);
  try {
    const survey = new Survey(file);
    const step = steps(signal);
    const tools = { file, database, survey, step };
    const { entries, complete } = await readSchemaEntries(file, survey, step);
    const assumed = complete ? [] : definitions(entries).map((known) => ({ ...known, root: 0 }));
    const notes: string[] = [];
    const leftOut: string[] = [];
    const sources: Source[] = [];
    for (const entry of [...entries, ...assumed]) {
      if (entry.type !== 'table' || isInternal(entry)) continue;
      const table = makeTable(database, entry);
      if (typeof table === 'string') {
        leftOut.push(`table ${entry.name}: ${table}`);
        continue;
      }
      const kind = table.withoutRowid ? 'index' : 'table';
      const tree = entry.root < 2 ? null : await survey.add({ root: entry.root, kind }, step, table.columns);
      sources.push({ table, tree, assumed: assumed.find((known) => known === entry) ?? null });
    }
    const indexes = new Map<string, IndexTree[]>();
    for (const entry of entries) {
      if (entry.type !== 'index' || entry.root < 2) continue;
      const tree = await survey.add({ root: entry.root, kind: 'index' }, step);
      // A partial index says nothing about how many rows there were.
      if (/\sWHERE\s/i.test(entry.sql ?? '')) continue;
      indexes.set(entry.table, [...(indexes.get(entry.table) ?? []), { name: entry.name, tree }]);
    }

    const unsound: Source[] = [];
    for (const source of sources) {
      const { table, tree } = source;
      // All trees are known by now: only now a tree that seemed sound is.
      const isSound = tree !== null && survey.isSound(tree);
      if (isSound && database.copyFrom(table, tree.entries)) continue;
      unsound.push(source);
      if (!isSound) log(`${table.name} is damaged: its pages are read one by one`);
      if (tree !== null) await salvageTable(tools, table, tree);
    }
    const ignored = await placeOrphans(tools, freePages(file, layout.kept), unsound, assumed.length === 0);
    if (ignored > 0) {
      notes.push(
        `${ignored} pages that no table leads to were left alone: the list of free pages is damaged, and they may hold deleted rows.`,
      );
    }
    database.commit();

    const kept = sources.filter(({ table, assumed: known }) => {
      const isWanted = known?.optional !== true || isUsed(database, table);
      if (!isWanted) database.drop(table);
      return isWanted;
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
    const tables = kept.map((source) => {
      const trees = (indexes.get(source.table.name) ?? []).map((index) => index.tree);
      const account = accountOf(database, survey, source, trees);
      const parts = inPart.get(source) ?? 0;
      return { ...account, aside: account.aside - parts, inPart: parts, assumed: source.assumed !== null };
    });
    const { name, rows } = database.lostAndFound;
    return {
      tables,
      lostAndFound: { table: name, rows },
      leftOut,
      notes,
      ...checkNewDatabase(database.db),
    };
  } finally {
    database.close();
    file.close();
  }
}

/** @returns why it was not made, in words, where it was not */
function makeTable(database: NewDatabase, entry: SchemaEntry): NewTable | string {
  if (/^CREATE\s+VIRTUAL/i.test(entry.sql ?? '')) return 'virtual tables are not made again';
  return database.createTable(entry);
}

/** Whether a table got any row, or may have. */
function isUsed(database: NewDatabase, table: NewTable): boolean {
  return database.count(table) > 0 || database.lostAndFound.rowsOf(table.name) > 0;
}

/** An index has an entry for each row, and its own pages: where those are sound it knows what is lost. */
function accountOf(
  database: NewDatabase,
  survey: Survey,
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

/** Proves what was made: its pages, and where rows point. */
function checkNewDatabase(db: Database): Pick<Report, 'damage' | 'dangling'> {
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
