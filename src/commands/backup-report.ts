import type { Backup } from '../backup/take-backup.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import type { Section, StepReport } from '../report/report.ts';
import { shellWord } from '../report/shell-word.ts';

/** Where a backup is and how it can be told whole. */
export function backupSection(backup: Backup, title = 'Backup'): Section {
  const env = backup.envFile === null ? [] : [['settings', backup.envFile]];
  const removed = backup.removed.map((path) => ['removed', path]);
  return {
    id: 'backup',
    title,
    columns: ['what', 'value'],
    rows: [
      ['file', backup.file],
      ['manifest', backup.manifest],
      ...env,
      ['size', inMegabytes(backup.bytes)],
      ['SHA-256', backup.sha256],
      ['to go back', `mcpgw restore ${shellWord(backup.manifest)}`],
      ...removed,
    ],
  };
}

/** The step of a report that took the backup. */
export function backupStep({ rows, durationMs }: Backup): StepReport {
  const counted = [...rows.values()].reduce((sum, n) => sum + n, 0);
  return { id: 'backup', title: 'Back up the database', status: 'done', rows: counted, durationMs };
}
