import type { DraftSection } from './report.ts';

/** A section of a report; none where it has no rows. */
export function section(
  id: string,
  title: string,
  columns: readonly string[],
  rows: DraftSection['rows'],
): readonly DraftSection[] {
  return rows.length === 0 ? [] : [{ id, title, columns, rows }];
}
