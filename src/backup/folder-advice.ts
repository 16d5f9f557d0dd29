import { orWithoutBackup } from '../database/backup-tool.ts';
import type { BackupContext } from './backup-context.ts';

/** What can be done about a folder that backups cannot go to. */
export function folderAdvice(context: Pick<BackupContext, 'canGoWithout'>, { isFull = false } = {}): string {
  const otherwise = orWithoutBackup(context);
  const start = isFull ? `Make room, ${otherwise === '' ? 'or ' : ''}name` : 'Name';
  return `${start} another folder with --backup-dir${otherwise}. Nothing was changed.`;
}
