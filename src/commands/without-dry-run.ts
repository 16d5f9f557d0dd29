import { shellWord } from '../report/shell-word.ts';
import type { BackupOptions } from './options.ts';

type Flags = Readonly<Record<`--${string}`, string | readonly string[] | boolean | number | undefined>>;

/** Those of commands that take a backup first. */
export function backupFlags({ backup, backupDir, keep }: BackupOptions): Flags {
  return { '--no-backup': backup === false, '--backup-dir': backupDir, '--keep': keep };
}

/**
 * The command that does what a `--dry-run` showed: with the options that decide what it does.
 *
 * @param options by flag; `false` and undefined are left out
 */
export function withoutDryRun(command: string, options: Flags): string {
  const words = Object.entries(options).flatMap(([flag, value]): string[] => {
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    return [flag, shellWord(typeof value === 'object' ? value.join(',') : String(value))];
  });
  return [command, ...words].join(' ');
}
