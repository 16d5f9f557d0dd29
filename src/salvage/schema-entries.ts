import { type BtreePage, readBtreePage, readPayload } from './btree-page.ts';
import type { PageFile, Step } from './page-file.ts';
import { decodeRecord } from './record.ts';
import { type Survey, walkTree } from './survey.ts';

/** What makes a table or what belongs to one. */
export interface Definition {
  readonly type: 'table' | 'index' | 'view' | 'trigger';
  readonly name: string;
  readonly table: string;
  /** Null for an index that a constraint makes by itself. */
  readonly sql: string | null;
}

/** A row of `sqlite_schema` (https://www.sqlite.org/schematab.html). */
export interface SchemaEntry extends Definition {
  /** 0 for what has no tree of its own. */
  readonly root: number;
}

interface SchemaEntries {
  readonly entries: readonly SchemaEntry[];
  /** Whether these are surely all. */
  readonly complete: boolean;
}

/** Page 1 is the root of the table that lists all others. */
const SCHEMA_ROOT = { root: 1, kind: 'table' } as const;

/**
 * Reads the list of tables and indexes, the pages of it that nothing leads to any more included: its rows look
 * like no others.
 */
export async function readSchemaEntries(file: PageFile, survey: Survey, step: Step): Promise<SchemaEntries> {
  const tree = await survey.add(SCHEMA_ROOT, step);
  const found: SchemaEntry[] = [];
  for (const page of walkTree(file, tree, (number) => survey.isOwned(number, tree))) {
    if (!('why' in page)) {
      // What it holds is no data that could be lost.
      survey.take(page.number);
      if (page.kind === 'table-leaf') found.push(...entriesOn(file, page));
    } else if (page.damaged?.kind === 'table-leaf') {
      // Entries of a damaged page prove themselves by the tree they name.
      found.push(...entriesOn(file, page.damaged).filter((entry) => entry.root > 1 && hasTree(file, entry)));
    }
  }
  if (survey.isSound(tree)) return { entries: found, complete: true };
  for (let number = 1; number <= file.pageCount; number++) {
    await step();
    const page = readBtreePage(file, number);
    if (page === null || page.kind !== 'table-leaf' || survey.isOwned(number, tree)) continue;
    if (page.problem !== null || page.cells.length === 0) continue;
    const entries = entriesOn(file, page);
    if (entries.length !== page.cells.length) continue;
    survey.take(number);
    found.push(...entries);
  }
  return { entries: withoutOldOnes(file, found), complete: false };
}

function entriesOn(file: PageFile, page: BtreePage): SchemaEntry[] {
  return page.cells.flatMap((cell) => {
    const { bytes } = readPayload(file, page, cell, () => true);
    const { values, problem } = decodeRecord(bytes, cell.payloadSize, file.encoding);
    const [type, name, table, root, sql] = values;
    const isEntry =
      problem === null &&
      values.length === 5 &&
      (type === 'table' || type === 'index' || type === 'view' || type === 'trigger') &&
      typeof name === 'string' &&
      typeof table === 'string' &&
      (typeof root === 'bigint' || root === null) &&
      (sql === null || (typeof sql === 'string' && /^CREATE\s/i.test(sql)));
    return isEntry ? [{ type, name, table, root: Number(root ?? 0n), sql }] : [];
  });
}

/** Pages that were given up may hold entries of before: of two by one name, the one whose tree is there. */
function withoutOldOnes(file: PageFile, found: readonly SchemaEntry[]): SchemaEntry[] {
  const byName = new Map<string, SchemaEntry>();
  for (const entry of found) {
    const id = `${entry.type} ${entry.name}`;
    const other = byName.get(id);
    if (other === undefined || (!hasTree(file, other) && hasTree(file, entry))) byName.set(id, entry);
  }
  return [...byName.values()];
}

function hasTree(file: PageFile, { type, root }: SchemaEntry): boolean {
  if (type !== 'table' && type !== 'index') return true;
  const page = root < 2 ? null : readBtreePage(file, root);
  return page !== null && page.problem === null && (page.kind.startsWith('table') || type === 'index');
}
