import type { TableRows } from '../change/compare-rows.ts';
import { section } from '../report/section.ts';

/** How many rows each table had before a run and has after it. */
export function rowsSection(tables: readonly TableRows[]) {
  const rows = tables.map(({ table, before, after }) => [table, before ?? 'new', after ?? 'dropped']);
  return section('rows', 'Rows per table', ['table', 'before', 'after'], rows);
}
