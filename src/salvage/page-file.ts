import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { TextEncoding } from './record.ts';

/** How the bytes of a file are cut into pages. */
export interface PageLayout {
  readonly pageSize: number;
  /** Bytes at the end of each page that are not SQLite's. */
  readonly reserved: number;
  readonly encoding: TextEncoding;
}

/** The pages of a database file, read one by one: nothing is kept in memory. */
export class PageFile {
  readonly pageSize: number;
  /** Bytes of a page that SQLite uses: what is reserved at its end is somebody else's. */
  readonly usableSize: number;
  readonly pageCount: number;
  readonly encoding: PageLayout['encoding'];
  readonly #handle: number;

  constructor(path: string, layout: PageLayout) {
    this.pageSize = layout.pageSize;
    this.usableSize = layout.pageSize - layout.reserved;
    this.encoding = layout.encoding;
    this.#handle = openSync(path, 'r');
    this.pageCount = Math.floor(fstatSync(this.#handle).size / layout.pageSize);
  }

  /** @param number counts from 1 @throws RangeError for a page that is not there */
  read(number: number): Buffer {
    if (!this.has(number)) throw new RangeError(`there is no page ${number}`);
    const page = Buffer.allocUnsafe(this.pageSize);
    const length = readSync(this.#handle, page, 0, this.pageSize, (number - 1) * this.pageSize);
    return length === this.pageSize ? page : page.fill(0, length);
  }

  has(number: number): boolean {
    return number >= 1 && number <= this.pageCount;
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** Called once a page: lets signals in, and throws the reason of one that asks to stop. */
export type Step = () => Promise<void>;

/** Pages between two looks at the signals: a few milliseconds. */
const PAGES = 64;

export function steps(signal: AbortSignal): Step {
  let n = 0;
  return async () => {
    if (n++ % PAGES !== 0) return;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  };
}
