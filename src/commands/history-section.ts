import type { HistoryRow } from '../migrate/history.ts';
import { duration } from '../report/duration.ts';
import type { Section } from '../report/report.ts';

/** Every run of every step, oldest first. */
export function historySection(history: readonly HistoryRow[]): Section {
  return {
    id: 'history',
    title: 'History',
    columns: ['when (UTC)', 'step', 'version', 'duration', 'rows'],
    rows: history.map((row) => [
      moment(row.applied_at),
      row.step,
      row.tool_version,
      duration(Number(row.duration_ms)),
      Number(row.rows_written),
    ]),
  };
}

/** `2026-01-02 03:04:05`; drivers give a Date, or text that starts like that. */
function moment(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.slice(0, 19).replace('T', ' ');
}
