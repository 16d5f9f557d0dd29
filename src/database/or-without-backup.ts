import type { BackupToolContext } from './backup-tool.ts';

/** What the advice of an error that keeps a backup from being made says besides, where the command has the flag. */
export function orWithoutBackup({ canGoWithout = false }: Pick<BackupToolContext, 'canGoWithout'>): string {
  return canGoWithout ? ', or go on without a backup of this tool’s: --no-backup' : '';
}
