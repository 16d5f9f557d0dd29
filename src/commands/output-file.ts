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
import { resolve } from 'node:path';
import { poll } from '../database/poll.ts';
import { errorText, GatewayError } from '../errors.ts';
import { behindLinks, isOpenFile } from '../files/behind-links.ts';
import { giveName, makeFile, writeNewFile } from '../files/new-file.ts';
import { isReport, REPORT_BEGINNING_BYTES } from '../report/is-report.ts';
import { TIMING } from '../timing.ts';
import type { Io } from './io.ts';
import { type KeptFile, keptAs, keptFiles } from './kept-files.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';

interface Output {
  /** `--output` */
  readonly path: string;
  /** `--force` */
  readonly force: boolean;
  /** What no report may take the place of. */
  readonly kept: readonly KeptFile[];
}

const SQLITE_BEGINNING = 'SQLite format 3\0';

/**
 * Makes sure a report can be written before anything else is done, and returns what writes it. A file appears
 * whole or not at all, readable by its owner only; what is there goes only when it is empty, a report of ours, or
 * `--force` says so. A device or FIFO is opened and written; a link stays, and what it leads to is written.
 *
 * @throws GatewayError OUTPUT; nothing was written
 */
export async function openOutput(
  path: string,
  io: Io,
  options: GlobalOptions & Pick<BackupOptions, 'backupDir'>,
): Promise<(text: string) => void> {
  const output = { path, force: options.force === true, kept: keptFiles(io, options) };
  try {
    const file = behindLinks(resolve(io.cwd, path));
    const stats = statSync(file, { throwIfNoEntry: false });
    refuseKept(file, stats, output);
    const own = new RegExp(`^/proc/${process.pid}/fd/([12])$`).exec(file)?.[1];
    if (own !== undefined) return (text) => void (own === '1' ? io.stdout : io.stderr).write(text);
    if (stats !== undefined && (!stats.isFile() || isOpenFile(file)))
      return await openStream(file, stats, io);
    refuseOther(file, stats, output);
    const draft = `${file}.${process.pid}.tmp`;
    closeSync(makeFile(draft));
    rmSync(draft);
    return (text) => {
      // Whatever came into its place meanwhile counts, too.
      const now = statSync(file, { throwIfNoEntry: false });
      refuseKept(file, now, output);
      refuseOther(file, now, output);
      try {
        writeNewFile(draft, text);
        giveName(draft, file, { replace: now !== undefined });
      } finally {
        rmSync(draft, { force: true });
      }
    };
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw refused(
      path,
      reason(error),
      'Give --output a file in a folder that exists and is writable.',
      error,
    );
  }
}

function refused(path: string, why: string, hint: string, cause?: unknown): GatewayError {
  const message = `The report cannot be written to ${path}: ${why}.`;
  return new GatewayError('OUTPUT', message, { hint: `${hint} Nothing was changed.`, cause });
}

/** @throws GatewayError for what is no place for a report, whatever is asked for */
function refuseKept(file: string, stats: Stats | undefined, { path, kept }: Output): void {
  const what = stats?.isDirectory()
    ? 'a folder'
    : stats?.isBlockDevice()
      ? 'a disk'
      : keptAs(file, stats, kept);
  if (what !== null) throw refused(path, `it is ${what}`, 'Give --output another file.');
}

/** @throws GatewayError for a file with something in it that is no report of ours */
function refuseOther(file: string, stats: Stats | undefined, { path, force }: Output): void {
  if (stats === undefined || stats.size === 0) return;
  const beginning = beginningOf(file);
  if (beginning.startsWith(SQLITE_BEGINNING)) {
    throw refused(path, 'it is a SQLite database', 'Give --output another file.');
  }
  if (force || isReport(beginning)) return;
  const hint = 'Give --output another file, or add --force to replace this one.';
  throw refused(path, 'it is a file that is no report of mcpgw', hint);
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
async function openStream(file: string, stats: Stats, { signal }: Io): Promise<(text: string) => void> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOCTTY;
  const reader = stats.isFIFO() ? await readerOf(file, signal) : undefined;
  const handle = openSync(file, flags);
  if (reader !== undefined) closeSync(reader);
  return (text) => {
    try {
      writeFileSync(handle, text);
      if (stats.isFile()) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
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
