import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { megabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import type { MysqlBackupContext } from './clients.ts';
import { DumpDefiners } from './definers.ts';

const [NEWLINE, QUOTE, BACKSLASH, OPEN, CLOSE, SEMICOLON] = [0x0a, 0x27, 0x5c, 0x28, 0x29, 0x3b];
const [BACKTICK, V] = [0x60, 0x56];

/** How the lines start that matter. */
const [LOCK, UNLOCK, INSERT] = ['LOCK TABLES `', 'UNLOCK TABLES;', 'INSERT INTO `'].map((text) =>
  Buffer.from(text),
) as [Buffer, Buffer, Buffer];

const MODE = {
  lineStart: 0,
  /** The rest of a line; then a name in it, which may have line breaks. */
  skipLine: 1,
  skipLineName: 2,
  /** The name of a table; then the byte after a backtick in it, which is doubled where the name goes on. */
  lockName: 3,
  lockNameEnd: 4,
  /** From the table's name to VALUES: columns are named where one is invisible or generated. */
  columns: 5,
  columnName: 6,
  values: 7,
  string: 8,
  escaped: 9,
} as const;
type Mode = (typeof MODE)[keyof typeof MODE];

/**
 * Counts the rows in what mysqldump or mariadb-dump writes, so that the counts are of the dump itself and of
 * no other moment. Rows are counted between a table's LOCK TABLES and UNLOCK TABLES only, where no text of a
 * trigger or routine can stand.
 */
export class DumpRows {
  readonly rows = new Map<string, number>();
  #mode: Mode = MODE.lineStart;
  #line: number[] = [];
  #name: number[] = [];
  #table: string | null = null;
  #depth = 0;
  #tail = '';
  #isUnderstood = true;

  /** @param chunk the next piece, cut anywhere */
  add(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.subarray(-200).toString('latin1')).slice(-200);
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? NEWLINE;
      switch (this.#mode) {
        case MODE.lineStart:
          this.#readLineStart(byte);
          break;
        case MODE.skipLine: {
          if (this.#table === null) {
            const end = chunk.indexOf(NEWLINE, i);
            if (end < 0) return;
            i = end;
            this.#mode = MODE.lineStart;
          } else if (byte === NEWLINE) this.#mode = MODE.lineStart;
          else if (byte === BACKTICK) this.#mode = MODE.skipLineName;
          break;
        }
        case MODE.skipLineName:
          if (byte === BACKTICK) this.#mode = MODE.skipLine;
          break;
        case MODE.lockName:
          if (byte === BACKTICK) this.#mode = MODE.lockNameEnd;
          else this.#name.push(byte);
          break;
        case MODE.lockNameEnd:
          if (byte === BACKTICK) {
            this.#name.push(byte);
            this.#mode = MODE.lockName;
          } else this.#begin(Buffer.from(this.#name).toString());
          break;
        case MODE.columns:
          if (byte === BACKTICK) this.#mode = MODE.columnName;
          else if (byte === V) this.#mode = MODE.values;
          break;
        case MODE.columnName:
          if (byte === BACKTICK) this.#mode = MODE.columns;
          break;
        case MODE.values:
          if (byte === QUOTE) this.#mode = MODE.string;
          else if (byte === OPEN) this.#open();
          else if (byte === CLOSE) this.#depth -= 1;
          else if (byte === SEMICOLON && this.#depth === 0) this.#mode = MODE.skipLine;
          break;
        case MODE.string: {
          // A doubled quote ends the text and begins another at once, which counts the same.
          if (byte === BACKSLASH) this.#mode = MODE.escaped;
          else if (byte === QUOTE) this.#mode = MODE.values;
          break;
        }
        case MODE.escaped:
          this.#mode = MODE.string;
          break;
      }
    }
  }

  /**
   * Whether the last line is the one that a dump which was not cut short ends with, and every line of rows was
   * understood.
   */
  get complete(): boolean {
    return this.#isUnderstood && /-- Dump completed[^\n]*\s*$/.test(this.#tail);
  }

  /** @param table empty where the line is part of a name: a backtick in one is doubled */
  #begin(table: string): void {
    this.#mode = MODE.skipLine;
    if (table === '') return;
    this.#table = table;
    this.rows.set(table, this.rows.get(table) ?? 0);
  }

  #open(): void {
    if (this.#depth === 0 && this.#table !== null)
      this.rows.set(this.#table, (this.rows.get(this.#table) ?? 0) + 1);
    this.#depth += 1;
  }

  /** Collects the start of a line up to where it can be told what the line is. */
  #readLineStart(byte: number): void {
    if (byte === NEWLINE) {
      this.#line = [];
      return;
    }
    this.#line.push(byte);
    const line = Buffer.from(this.#line);
    const wanted = this.#table === null ? [LOCK] : [UNLOCK, INSERT];
    const meant = wanted.find((start) => start.subarray(0, line.length).equals(line));
    if (meant !== undefined && meant.length > line.length) return;
    this.#line = [];
    if (meant === LOCK) {
      this.#name = [];
      this.#mode = MODE.lockName;
    } else if (meant === INSERT) {
      this.#depth = 0;
      this.#mode = MODE.columnName;
    } else {
      if (meant === UNLOCK) this.#table = null;
      // What else writes rows starts with I or R (`INSERT IGNORE`, `REPLACE`); there is no count of that.
      else if (this.#table !== null && /^[IR]/.test(String.fromCharCode(...line))) this.#isUnderstood = false;
      this.#mode = byte === BACKTICK && this.#table !== null ? MODE.skipLineName : MODE.skipLine;
    }
  }
}

export interface ReadDump extends Pick<DumpRows, 'rows' | 'complete'>, Pick<DumpDefiners, 'defined'> {}

/** Unpacks a dump, counts its rows, and finds what it makes in the name of accounts. */
export async function readDump(
  { progress, signal }: Pick<MysqlBackupContext, 'progress' | 'signal'>,
  file: string,
): Promise<ReadDump> {
  progress.start('Checking the backup (MB of SQL)');
  const [counter, definers] = [new DumpRows(), new DumpDefiners()];
  const tell = megabytes(progress);
  await pipeline(createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      refuseWhenStopped(signal);
      counter.add(chunk);
      definers.add(chunk);
      tell(chunk.length);
    }
  });
  return { rows: counter.rows, complete: counter.complete, defined: definers.defined };
}
