import type { BuiltProgram } from './build-program.ts';

const KIB = 1024;

/** A line per file of the program with its size, largest last, and their sum. */
export function sizeReport({ files }: BuiltProgram): string {
  const sizes = files.map(({ path, text }) => ({ path, bytes: Buffer.byteLength(text) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...sizes.toSorted((a, b) => a.bytes - b.bytes).map(({ path, bytes }) => `${kib(bytes)}  ${path}`),
    `${kib(total)}  in ${sizes.length} files`,
  ].join('\n');
}

const kib = (bytes: number) => `${(bytes / KIB).toFixed(1).padStart(8)} KiB`;
