/** Where the header has it (https://www.sqlite.org/fileformat.html, 1.3.2). */
const AT = 16;

/** The page size that the header of a database states; null when it is none, or the header is not all there. */
export function pageSizeIn(header: Buffer): number | null {
  if (header.length < AT + 2) return null;
  const stated = header.readUInt16BE(AT);
  const size = stated === 1 ? 65_536 : stated;
  return isPageSize(size) ? size : null;
}

/** A power of two from 512 to 65536. */
export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}
