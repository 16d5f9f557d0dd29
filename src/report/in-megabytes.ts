/** `0.4 MB`: in millions of bytes, also below one, so that sizes beside each other compare at a glance. */
export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
