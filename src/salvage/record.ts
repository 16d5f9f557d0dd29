import { isUtf8 } from 'node:buffer';

/** A signed 64-bit whole number: a plain one where that is exact. */
export type Whole = number | bigint;

/** Bytes of the variable-length number at `at` (https://www.sqlite.org/fileformat.html, 1.6): 1 to 9. */
export function varintLength(bytes: Buffer, at: number): number {
  for (let length = 1; length < 9; length++) {
    if ((bytes[at + length - 1] ?? 0) < 0x80) return length;
  }
  return 9;
}

/** The number itself; what lies behind the end of `bytes` reads as zeros. */
export function readVarint(bytes: Buffer, at: number): Whole {
  let value = 0;
  // Seven bytes of seven bits are exact in a double.
  for (let i = 0; i < 7; i++) {
    const byte = bytes[at + i] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  let long = BigInt(value);
  const eighth = bytes[at + 7] ?? 0;
  long = (long << 7n) | BigInt(eighth & 0x7f);
  if (eighth >= 0x80) long = (long << 8n) | BigInt(bytes[at + 8] ?? 0);
  return whole(BigInt.asIntN(64, long));
}

/** The same number, as a plain one where that is exact. */
function whole(value: bigint): Whole {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

/** A value as SQLite stores it; whole numbers come as bigint, so that they are bound as what they are. */
export type Stored = null | bigint | number | string | Buffer;

export interface StoredRecord {
  /** Those that are all there, up to the first that is not. */
  readonly values: readonly Stored[];
  /** How many there are by the record's own header. */
  readonly fields: number;
  /** What is wrong with it; null for one that is sound. */
  readonly problem: string | null;
}

export type TextEncoding = 'utf8' | 'utf16le' | 'utf16be';

/** Bytes of the whole numbers of serial types 0 to 6 (https://www.sqlite.org/fileformat.html, 2.1). */
const WHOLE_SIZES = [0, 1, 2, 3, 4, 6, 8];

/**
 * Takes a record apart.
 *
 * @param bytes what could be read of it, from its beginning
 * @param size bytes it has by its cell
 */
export function decodeRecord(bytes: Buffer, size: number, encoding: TextEncoding): StoredRecord {
  const broken = (problem: string): StoredRecord => ({ values: [], fields: 0, problem });
  const headerSize = Number(readVarint(bytes, 0));
  let at = varintLength(bytes, 0);
  if (headerSize < at || headerSize > size) return broken('its header does not fit');
  if (headerSize > bytes.length) return broken('its header is cut off');
  const types: number[] = [];
  let bodySize = 0;
  while (at < headerSize) {
    const type = Number(readVarint(bytes, at));
    at += varintLength(bytes, at);
    if (type < 0 || type === 10 || type === 11) return broken('a value is of no type');
    types.push(type);
    bodySize += sizeOf(type);
  }
  if (at !== headerSize || headerSize + bodySize !== size) return broken('its values do not add up');
  const values: Stored[] = [];
  let problem: string | null = null;
  for (const type of types) {
    const length = sizeOf(type);
    if (at + length > bytes.length) {
      return { values, fields: types.length, problem: 'its end is missing' };
    }
    const value = valueAt(bytes, at, type, encoding);
    if (typeof value !== 'string' && type >= 13 && type % 2 === 1) problem = 'a text is not readable';
    values.push(value);
    at += length;
  }
  return { values, fields: types.length, problem };
}

function sizeOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  if (type === 7) return 8;
  return WHOLE_SIZES[type] ?? 0;
}

function valueAt(bytes: Buffer, at: number, type: number, encoding: TextEncoding): Stored {
  if (type === 0) return null;
  if (type === 8) return 0n;
  if (type === 9) return 1n;
  if (type === 7) return bytes.readDoubleBE(at);
  const size = sizeOf(type);
  if (type === 6) return bytes.readBigInt64BE(at);
  if (type < 7) return BigInt(bytes.readIntBE(at, size));
  const raw = bytes.subarray(at, at + size);
  if (type % 2 === 0) return Buffer.from(raw);
  return textOf(raw, encoding) ?? Buffer.from(raw);
}

/** Null for what is no text. */
function textOf(raw: Buffer, encoding: TextEncoding): string | null {
  if (encoding === 'utf8') return isUtf8(raw) ? raw.toString('utf8') : null;
  if (raw.length % 2 === 1) return null;
  const text = (encoding === 'utf16le' ? raw : Buffer.from(raw).swap16()).toString('utf16le');
  return /\p{Surrogate}/u.test(text) ? null : text;
}
