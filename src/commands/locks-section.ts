import type { TableLock } from '../migrate/lock-impact.ts';
import type { Section } from '../report/report.ts';

/** Which tables a run locks and how, for `--dry-run`; none when it locks nothing. */
export function locksSection(locks: readonly TableLock[]): Section[] {
  if (locks.length === 0) return [];
  return [
    {
      id: 'locks',
      title: 'Locks',
      columns: ['table', 'lock', 'why'],
      rows: locks.map(({ table, lock, why }) => [table, lock, why]),
    },
  ];
}
