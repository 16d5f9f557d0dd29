import type { BtreePage } from './btree-page.ts';
import { fits, isPossible } from './column-fit.ts';
import type { NewDatabase, NewTable } from './new-database.ts';
import type { PageFile } from './page-file.ts';
import { readPayload } from './read-payload.ts';
import { decodeRecord, type StoredRecord } from './record.ts';
import type { Step } from './step.ts';
import type { Survey, SurveyedTree } from './survey.ts';
import type { Whole } from './varint.ts';
import { walkTree } from './walk-tree.ts';

export interface SalvageTools {
  readonly file: PageFile;
  readonly database: NewDatabase;
  readonly survey: Survey;
  readonly step: Step;
}

/** A row as it stands on a page. */
export interface ReadRow extends StoredRecord {
  readonly rowid: Whole;
}

/** Takes what its own pages hold of a damaged table. */
export async function salvageTable(tools: SalvageTools, table: NewTable, tree: SurveyedTree): Promise<void> {
  const { file, survey, step } = tools;
  const isOwn = (page: number) => survey.isOwned(page, tree);
  const takeOwn = (page: number) => {
    if (!isOwn(page)) return false;
    survey.take(page);
    return true;
  };
  for (const found of walkTree(file, tree, isOwn)) {
    await step();
    if (!('why' in found)) {
      survey.take(found.number);
      keepPage(tools, table, found.number, [...rowsOn(tools, found, takeOwn)]);
      continue;
    }
    if (found.damaged === null || !isOwn(found.page)) continue;
    survey.take(found.page);
    // What is left of a page of which some is wrong may be wrong, too.
    for (const row of rowsOn(tools, found.damaged, takeOwn)) {
      if (!fits(row.values, table.columns) || row.values.length < row.fields) continue;
      setAside(tools, table.name, found.damaged.number, row, `its page is damaged: ${found.why}`);
    }
  }
}

/** One row that cannot be of this table shows that the whole page is of another. */
function keepPage(tools: SalvageTools, table: NewTable, page: number, rows: readonly ReadRow[]): void {
  const isForeign = rows.some(
    ({ values, problem }) => problem === null && !isPossible(values, table.columns),
  );
  for (const row of rows) {
    if (isForeign) setAside(tools, '', page, row, `its page stands in the place of one of ${table.name}`);
    else keepRow(tools, table, page, row);
  }
}

/** The rows of a page; none of one that holds no rows. */
export function* rowsOn(
  { file }: Pick<SalvageTools, 'file'>,
  page: BtreePage,
  mayUse: (page: number) => boolean,
): Generator<ReadRow> {
  if (page.kind === 'table-interior') return;
  for (const cell of page.cells) {
    const payload = readPayload(file, page, cell, mayUse);
    const record = decodeRecord(payload.bytes, cell.payloadSize, file.encoding);
    const problem = payload.problem ?? record.problem;
    yield { ...record, rowid: cell.rowid, problem };
  }
}

/** Puts a row into its table; one that is not whole, or that the table does not take, is set aside. */
export function keepRow(tools: SalvageTools, table: NewTable, page: number, row: ReadRow): void {
  if (row.problem !== null) {
    setAside(tools, table.name, page, row, row.problem);
    return;
  }
  const result = tools.database.insert(table, row.rowid, row.values);
  if (typeof result !== 'string') setAside(tools, table.name, page, row, result.refused);
}

export function setAside(
  { database }: Pick<SalvageTools, 'database'>,
  table: string,
  page: number,
  { values, rowid }: ReadRow,
  why: string,
): void {
  if (values.length > 0) database.setAside({ table, page, rowid, why, values });
}
