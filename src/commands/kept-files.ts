import type { Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isPartOfBackup } from '../backup/is-part-of-backup.ts';
import { behindLinks } from '../files/behind-links.ts';
import { statOrNothing } from '../files/stat-or-nothing.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { readEnvFile } from '../settings/env-file.ts';
import { envFilePath, inspectSettings } from '../settings/load.ts';
import type { Io } from './io.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';

/** A file that no report may take the place of. */
export interface KeptFile {
  /** Absolute. */
  readonly path: string;
  /** For people: `the database`. */
  readonly what: string;
}

/** The database and everything a command reads its settings and secrets from, whether it is there or not. */
export function keptFiles(
  io: Io,
  options: GlobalOptions & Pick<BackupOptions, 'backupDir'>,
): readonly KeptFile[] {
  const { cwd, env } = io;
  const input = {
    flags: options,
    env,
    cwd,
    credentials: 'optional',
    allowDefaultCredentials: false,
  } as const;
  const envFile = envFilePath(input);
  const { target, sources } = inspectSettings(input, readEnvFile(envFile, false, env).file);
  const secret = (path: string | null | undefined, what: string) =>
    path === null || path === undefined || path === '' ? [] : [{ path: resolve(cwd, path), what }];
  return [
    { path: envFile, what: 'the settings file' },
    ...secret(sources.get('DATABASE_URL_FILE')?.value, 'the file of DATABASE_URL'),
    ...secret(sources.get('PLATFORM_ADMIN_PASSWORD_FILE')?.value, 'the file of the administrator’s password'),
    ...secret(env.PGPASSFILE ?? join(env.HOME ?? homedir(), '.pgpass'), 'the file of PostgreSQL’s passwords'),
    ...secret(options.backupDir ?? defaultFolder(target), 'the folder of backups'),
    ...(target === null ? [] : filesOf(target)),
  ];
}

function defaultFolder(target: DatabaseTarget | null): string {
  return join(target?.dialect === 'sqlite' ? dirname(target.path) : '', 'mcpgw-backups');
}

function filesOf(target: DatabaseTarget): KeptFile[] {
  if (target.dialect !== 'sqlite') {
    return Object.values(target.ssl).flatMap((path) =>
      path?.startsWith('/') ? [{ path, what: 'a certificate or key of the database' }] : [],
    );
  }
  const path = realName(target.path) ?? target.path;
  return [
    { path, what: 'the database' },
    ...['-wal', '-shm', '-journal'].map((end) => ({
      path: path + end,
      what: `the ${end} file of the database`,
    })),
  ];
}

/**
 * What a file is that no report may take the place of; null for any other. Compared by name and, under another
 * name, by device and inode.
 *
 * @param file absolute, behind links
 */
export function keptAs(file: string, stats: Stats | undefined, kept: readonly KeptFile[]): string | null {
  const isSame = ({ path }: KeptFile) => {
    if (path === file || realName(path) === file) return true;
    const other = stats === undefined ? undefined : statOrNothing(path);
    return other !== undefined && other.dev === stats?.dev && other.ino === stats.ino;
  };
  return kept.find(isSame)?.what ?? (isPartOfBackup(file) ? 'a part of a backup' : null);
}

function realName(path: string): string | null {
  try {
    return behindLinks(path);
  } catch {
    return null;
  }
}
