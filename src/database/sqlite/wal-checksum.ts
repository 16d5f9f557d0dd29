export type WalChecksum = readonly [number, number];

/**
 * Goes on with a checksum of a write-ahead log over more bytes (https://www.sqlite.org/walformat.html, 1.3): two
 * sums over pairs of 32-bit words.
 *
 * @param bytes a multiple of 8 of them
 */
export function walChecksum(bytes: Buffer, [first, second]: WalChecksum, isBigEndian: boolean): WalChecksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + view.getUint32(at, !isBigEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, !isBigEndian) + a) >>> 0;
  }
  return [a, b];
}
