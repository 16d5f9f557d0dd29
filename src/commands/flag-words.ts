import type { BackupOptions } from './options.ts';

/** Options by flag. */
export type Flags = Readonly<
  Record<`--${string}`, string | readonly string[] | boolean | number | undefined>
>;

/** Those of commands that take a backup first. */
export function backupFlags({ backup, backupDir, keep }: BackupOptions): Flags {
  return { '--no-backup': backup === false, '--backup-dir': backupDir, '--keep': keep };
}

/** Arguments for options by flag; `false` and undefined are left out. */
export function flagWords(options: Flags): string[] {
  return Object.entries(options).flatMap(([flag, value]): string[] => {
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [flag, String(value)];
  });
}
