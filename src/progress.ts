import { displayWidth } from './report/display-width.ts';
import { duration } from './report/duration.ts';
import { printable } from './report/printable.ts';
import { thousands } from './report/thousands.ts';

/**
 * How logic tells that it is still at work. One piece of work at a time: `start` ends the one before. Nothing
 * happens between calls: a long SQLite statement blocks the event loop, and timers with it.
 */
export interface Progress {
  /** @param total units of the whole (rows, tables, checks), when known */
  start(title: string, total?: number): void;
  /** @param n units done since the last call */
  advance(n: number, note?: string): void;
  done(note?: string): void;
  /** One line for people, above the progress line. */
  log(line: string): void;
}

export interface ProgressOptions {
  /** stderr: stdout carries the result only. */
  readonly stream: { write(text: string): unknown; readonly columns?: number | undefined };
  /** Whether lines may be redrawn; false when piped and for `TERM=dumb`. */
  readonly isTTY: boolean;
  readonly quiet: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Says nothing: for quiet runs, libraries and tests. */
export const noProgress: Progress = { start() {}, advance() {}, done() {}, log() {} };

/** On a terminal, the least time between two redraws of the same work. */
const REDRAW_MS = 100;
/** When piped, work shorter than this is not worth a line … */
const WORTH_A_LINE_MS = 1000;
/** … and longer work gets no more than a line in this time. */
const LINE_MS = 5000;

const CLEAR_LINE = '\r\x1b[2K';

interface Work {
  readonly title: string;
  readonly total: number | undefined;
  readonly since: number;
  units: number;
  note: string;
  /** When it was last shown; undefined while it never was. */
  shown: number | undefined;
}

/** A line on stderr that is redrawn on a terminal; when piped, plain lines for what takes more than a second. */
export function createProgress(options: ProgressOptions): Progress {
  if (options.quiet) return noProgress;
  return options.isTTY ? animated(options) : plain(options);
}

function animated({ stream, now }: ProgressOptions): Progress {
  let work: Work | undefined;
  const draw = (current: Work): void => {
    // One column is left free: a full line wraps on some terminals, and a wrapped line cannot be cleared.
    stream.write(CLEAR_LINE + truncate(describe(current, now()), (stream.columns || 80) - 1));
    current.shown = now();
  };
  return {
    start(title, total) {
      work = begin(title, total, now());
      // At once, not throttled: the next call may be a statement that blocks for minutes.
      draw(work);
    },
    advance(n, note) {
      if (work === undefined) return;
      update(work, n, note);
      if (now() - (work.shown ?? 0) >= REDRAW_MS) draw(work);
    },
    done() {
      if (work !== undefined) stream.write(CLEAR_LINE);
      work = undefined;
    },
    log(line) {
      stream.write(`${work === undefined ? '' : CLEAR_LINE}${printable(line)}\n`);
      if (work !== undefined) draw(work);
    },
  };
}

function plain({ stream, now }: ProgressOptions): Progress {
  let work: Work | undefined;
  const finish = (note: string | undefined): void => {
    if (work !== undefined && (work.shown !== undefined || now() - work.since > WORTH_A_LINE_MS)) {
      update(work, 0, note);
      stream.write(`${describe(work, now())}, done\n`);
    }
    work = undefined;
  };
  return {
    start(title, total) {
      finish(undefined);
      work = begin(title, total, now());
    },
    advance(n, note) {
      if (work === undefined) return;
      update(work, n, note);
      const at = now();
      const due = work.shown === undefined ? at - work.since > WORTH_A_LINE_MS : at - work.shown >= LINE_MS;
      if (!due) return;
      stream.write(`${describe(work, at)}\n`);
      work.shown = at;
    },
    done: finish,
    log(line) {
      stream.write(`${printable(line)}\n`);
    },
  };
}

function begin(title: string, total: number | undefined, since: number): Work {
  return { title, total, since, units: 0, note: '', shown: undefined };
}

function update(work: Work, n: number, note: string | undefined): void {
  work.units += n;
  if (note !== undefined) work.note = note;
}

/** `Copying tools: 12,000 of 100,000 (12%), 3.4 s, note`. */
function describe({ title, total, since, units, note }: Work, now: number): string {
  const parts = [count(units, total), duration(now - since), note].filter((part) => part !== '');
  return printable(`${title}: ${parts.join(', ')}`);
}

function count(units: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return units === 0 ? '' : thousands(units);
  // Rounded down and capped: 100% is not shown before the end, nor passed when rows arrive meanwhile.
  const percent = Math.min(100, Math.floor((units / total) * 100));
  return `${thousands(units)} of ${thousands(total)} (${percent}%)`;
}

function truncate(line: string, width: number): string {
  if (displayWidth(line) <= width) return line;
  let kept = '';
  for (const char of line) {
    if (displayWidth(kept + char) > width - 3) break;
    kept += char;
  }
  return `${kept}...`;
}
