const UNITS = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'KB'],
] as const;

/** `1.2 MB`, `32.8 KB`, `100 bytes`: in powers of a thousand, as the free space of disks is counted. */
export function byteSize(bytes: number): string {
  const unit = UNITS.find(([size]) => bytes >= size);
  return unit === undefined ? `${bytes} bytes` : `${(bytes / unit[0]).toFixed(1)} ${unit[1]}`;
}
