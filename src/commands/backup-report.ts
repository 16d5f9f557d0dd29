import { dirname } from 'node:path';
import type { Backup } from '../backup/take-backup.ts';
import { mcpgw, type Text } from '../report/advice.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import type { DraftSection, StepReport } from '../report/report.ts';

interface Told {
  readonly title?: string;
  /** Where `to go back` leads to from an unfinished upgrade: to before it began, or to this backup. */
  readonly back?: 'before the upgrade' | 'here';
}

/** Where a backup is and how it can be told whole. */
export function backupSection(
  backup: Backup,
  { title = 'Backup', back = 'before the upgrade' }: Told = {},
): DraftSection {
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
      ...waysBack(backup, back),
      ...removed,
    ],
  };
}

/** In the middle of an upgrade, back is where it began: no gateway works with what there is now. */
function waysBack({ manifest, state: { unfinished }, beforeUpgrade }: Backup, back: Told['back']): Text[][] {
  const here = mcpgw('restore', manifest);
  if (!unfinished) return [['to go back', here]];
  const what = ['state', 'unfinished: in the middle of an upgrade or an installation'];
  if (back === 'here') return [what, ['to go back', here]];
  if (beforeUpgrade === null) {
    return [what, ['before the upgrade', `no whole backup in ${dirname(manifest)}`], ['to this state', here]];
  }
  const { path, manifest: before } = beforeUpgrade;
  return [
    what,
    ['to go back', mcpgw('restore', path)],
    [
      'to when',
      `${before.createdAt.slice(0, 16).replace('T', ' ')} UTC, v${before.release}, before the upgrade`,
    ],
    ['to this state', here],
  ];
}

/** The step of a report that took the backup. */
export function backupStep({ rows, durationMs }: Backup): StepReport {
  const counted = [...rows.values()].reduce((sum, n) => sum + n, 0);
  return { id: 'backup', title: 'Back up the database', status: 'done', rows: counted, durationMs };
}
