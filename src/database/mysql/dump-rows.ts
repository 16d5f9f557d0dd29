const [NEWLINE, QUOTE, BACKSLASH, OPEN, CLOSE, SEMICOLON] = [0x0a, 0x27, 0x5c, 0x28, 0x29, 0x3b];
/** Longer lines are data, and what starts them is known by then. */
const LINE_START = 600;

const MODE = { lineStart: 0, skipLine: 1, values: 2, string: 3, escaped: 4 } as const;
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
  #table: string | null = null;
  #depth = 0;
  #tail = '';

  /** @param chunk the next piece, cut anywhere */
  add(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.subarray(-200).toString('latin1')).slice(-200);
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      switch (this.#mode) {
        case MODE.lineStart:
          i = this.#readLineStart(chunk, i);
          break;
        case MODE.skipLine: {
          const end = chunk.indexOf(NEWLINE, i);
          if (end < 0) return;
          i = end;
          this.#mode = MODE.lineStart;
          break;
        }
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

  /** Whether the last line is the one that a dump which was not cut short ends with. */
  get complete(): boolean {
    return /-- Dump completed[^\n]*\s*$/.test(this.#tail);
  }

  #open(): void {
    if (this.#depth === 0 && this.#table !== null)
      this.rows.set(this.#table, (this.rows.get(this.#table) ?? 0) + 1);
    this.#depth += 1;
  }

  /** Collects the start of a line up to where it can be told what the line is; returns the index reached. */
  #readLineStart(chunk: Buffer, index: number): number {
    const byte = chunk[index] ?? NEWLINE;
    if (byte === NEWLINE) {
      this.#lineIs(Buffer.from(this.#line).toString('utf8'));
      this.#line = [];
      return index;
    }
    this.#line.push(byte);
    const [first] = this.#line;
    // Only LOCK, UNLOCK and INSERT matter: L, U and I.
    if (first !== 0x4c && first !== 0x55 && first !== 0x49) return this.#skip(index);
    if (byte === OPEN && this.#table !== null) {
      const text = Buffer.from(this.#line).toString('utf8');
      if (/^INSERT INTO `(?:[^`]|``)+` VALUES \($/.test(text)) {
        this.#line = [];
        this.#mode = MODE.values;
        this.#depth = 0;
        this.#open();
        return index;
      }
    }
    return this.#line.length > LINE_START ? this.#skip(index) : index;
  }

  #skip(index: number): number {
    this.#line = [];
    this.#mode = MODE.skipLine;
    return index;
  }

  #lineIs(text: string): void {
    const lock = /^LOCK TABLES `((?:[^`]|``)+)` WRITE;$/.exec(text);
    if (lock?.[1] !== undefined) {
      this.#table = lock[1].replaceAll('``', '`');
      this.rows.set(this.#table, this.rows.get(this.#table) ?? 0);
    } else if (text === 'UNLOCK TABLES;') this.#table = null;
    // MariaDB writes the rows on lines of their own.
    else if (this.#table !== null && /^INSERT INTO `(?:[^`]|``)+` VALUES$/.test(text)) {
      this.#depth = 0;
      this.#mode = MODE.values;
    }
  }
}
