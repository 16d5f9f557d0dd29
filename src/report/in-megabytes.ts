import { byteSize } from './byte-size.ts';

/**
 * `0.4 MB`: in millions of bytes, also below one, so that sizes beside each other compare at a glance; less than
 * 0.1 of them as it is.
 */
export function inMegabytes(bytes: number): string {
  return bytes < 1e5 ? byteSize(bytes) : `${(bytes / 1e6).toFixed(1)} MB`;
}
