import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isPartOfBackup } from '../backup/is-part-of-backup.ts';
import { poll } from '../database/poll.ts';
import { errorText, GatewayError } from '../errors.ts';
import { behindLinks, isOpenFile } from '../files/behind-links.ts';
import { giveName, makeFile } from '../files/new-file.ts';
import { statOrNothing } from '../files/stat-or-nothing.ts';
import { isReport, REPORT_BEGINNING_BYTES } from '../report/is-report.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { readEnvFile } from '../settings/env-file.ts';
import { envFilePath, inspectSettings } from '../settings/load.ts';
import { TIMING } from '../timing.ts';
import type { Io } from './io.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';

/** What is written, and how its like is known again, which may be replaced by it. */
export interface OutputKind {
  /** For people: `report` */
  readonly what: string;
  /** What to do about a file that is no place for it: `Give --output another file` */
  readonly another: string;
  readonly place: string;
  /** By the first `REPORT_BEGINNING_BYTES` of a file. */
  isOwn(beginning: string): boolean;
}

const REPORT: OutputKind = {
  what: 'report',
  another: 'Give --output another file',
  place: 'Give --output a file in a folder that exists and is writable.',
  isOwn: isReport,
};

/** A file that is written piece by piece. */
export interface OutputFile {
  write(text: string): void;
  /** All of it is written: only now it is there. Throws GatewayError OUTPUT as `openOutputFile` does. */
  end(): void;
  /** What was there stays. */
  abandon(): void;
}

/** A file that no report may take the place of. */
interface KeptFile {
  /** Absolute. */
  readonly path: string;
  /** For people: `the database`. */
  readonly what: string;
}

interface Output {
  readonly kind: OutputKind;
  /** `--output` */
  readonly path: string;
  /** `--force` */
  readonly force: boolean;
  /** What no report may take the place of. */
  readonly kept: readonly KeptFile[];
}

const SQLITE_BEGINNING = 'SQLite format 3\0';

/** The same for a report, which is written at once. */
export async function openOutput(
  path: string,
  io: Io,
  options: GlobalOptions & Pick<BackupOptions, 'backupDir'>,
): Promise<(text: string) => void> {
  const file = await openOutputFile(REPORT, path, io, options);
  return (text) => {
    try {
      file.write(text);
      file.end();
    } catch (error) {
      file.abandon();
      throw error;
    }
  };
}

/**
 * Makes sure a report can be written before anything else is done, and returns what writes it. A file appears
 * whole or not at all, readable by its owner only; what is there goes only when it is empty, a report of ours, or
 * `--force` says so. A device or FIFO is opened and written; a link stays, and what it leads to is written.
 *
 * @throws GatewayError OUTPUT; nothing was written
 */
export async function openOutputFile(
  kind: OutputKind,
  path: string,
  io: Io,
  options: GlobalOptions & Pick<BackupOptions, 'backupDir'>,
): Promise<OutputFile> {
  const output = { kind, path, force: options.force === true, kept: keptFiles(io, options) };
  try {
    const file = behindLinks(resolve(io.cwd, path));
    const stats = statSync(file, { throwIfNoEntry: false });
    refuseKept(file, stats, output);
    const own = new RegExp(`^/proc/${process.pid}/fd/([12])$`).exec(file)?.[1];
    if (own !== undefined) return standardStream(own === '1' ? io.stdout : io.stderr);
    if (stats !== undefined && (!stats.isFile() || isOpenFile(file)))
      return await openStream(file, stats, io);
    refuseOther(file, stats, output);
    return draftOf(file, output);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw refused(output, reason(error), kind.place, error);
  }
}

const standardStream = (stream: Io['stdout']): OutputFile => ({
  write: (text) => void stream.write(text),
  end() {},
  abandon() {},
});

/** A file beside the one that is meant, which takes its place at the end. */
function draftOf(file: string, output: Output): OutputFile {
  const draft = `${file}.${process.pid}.tmp`;
  closeSync(makeFile(draft));
  rmSync(draft);
  let handle: number | null = null;
  return {
    write(text) {
      handle ??= makeFile(draft);
      writeFileSync(handle, text);
    },
    end() {
      // Whatever came into its place meanwhile counts, too.
      const now = statSync(file, { throwIfNoEntry: false });
      refuseKept(file, now, output);
      refuseOther(file, now, output);
      handle ??= makeFile(draft);
      fsyncSync(handle);
      giveName(draft, file, { replace: now !== undefined });
      closeSync(handle);
      handle = null;
    },
    abandon() {
      if (handle !== null) closeSync(handle);
      handle = null;
      rmSync(draft, { force: true });
    },
  };
}

function refused({ kind, path }: Output, why: string, hint: string, cause?: unknown): GatewayError {
  const message = `The ${kind.what} cannot be written to ${path}: ${why}.`;
  return new GatewayError('OUTPUT', message, { hint: `${hint} Nothing was changed.`, cause });
}

/** @throws GatewayError for what is no place for a report, whatever is asked for */
function refuseKept(file: string, stats: Stats | undefined, output: Output): void {
  const what = stats?.isDirectory()
    ? 'a folder'
    : stats?.isBlockDevice()
      ? 'a disk'
      : keptAs(file, stats, output.kept);
  if (what !== null) throw refused(output, `it is ${what}`, `${output.kind.another}.`);
}

/** @throws GatewayError for a file with something in it that is no report of ours */
function refuseOther(file: string, stats: Stats | undefined, output: Output): void {
  if (stats === undefined || stats.size === 0) return;
  const beginning = beginningOf(file);
  if (beginning.startsWith(SQLITE_BEGINNING)) {
    throw refused(output, 'it is a SQLite database', `${output.kind.another}.`);
  }
  const { what, another, isOwn } = output.kind;
  if (output.force || isOwn(beginning)) return;
  const hint = `${another}, or add --force to replace this one.`;
  throw refused(output, `it is a file that is no ${what} of mcpgw`, hint);
}

function beginningOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(REPORT_BEGINNING_BYTES);
    return bytes.subarray(0, readSync(handle, bytes)).toString('utf8');
  } finally {
    closeSync(handle);
  }
}

/** A device, a FIFO, or a file that some process has open: what is written goes behind what is there. */
async function openStream(file: string, stats: Stats, { signal }: Io): Promise<OutputFile> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOCTTY;
  const reader = stats.isFIFO() ? await readerOf(file, signal) : undefined;
  const handle = openSync(file, flags);
  if (reader !== undefined) closeSync(reader);
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  return {
    write: (text) => writeFileSync(handle, text),
    end() {
      if (stats.isFile()) fsyncSync(handle);
      close();
    },
    abandon: close,
  };
}

/** A handle of a FIFO that somebody reads from: without a reader, opening it would wait for ever. */
async function readerOf(file: string, signal: AbortSignal): Promise<number> {
  const attempt = async () => {
    try {
      return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      return undefined;
    }
  };
  const onWait = async () => {};
  const handle = await poll({ timeoutMs: TIMING.fifoMs, everyMs: 50, onWait, signal }, attempt);
  if (handle === undefined) throw new Error('nobody reads from it');
  return handle;
}

/** Node's own words, without the name of the draft that nobody asked for. */
function reason(error: unknown): string {
  return errorText(error).replace(/, (?:open|lstat) '.*$/, '');
}

/** The database and everything a command reads its settings and secrets from, whether it is there or not. */
function keptFiles(io: Io, options: GlobalOptions & Pick<BackupOptions, 'backupDir'>): readonly KeptFile[] {
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
function keptAs(file: string, stats: Stats | undefined, kept: readonly KeptFile[]): string | null {
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
