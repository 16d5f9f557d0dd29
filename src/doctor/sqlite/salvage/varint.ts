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
export function whole(value: bigint): Whole {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}
