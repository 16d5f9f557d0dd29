import type { Metafile } from 'esbuild';

const KIB = 1024;

/**
 * A line per output with its size, largest last, and the sum of what is read before the program does anything:
 * the entry and all it imports that is not imported lazily.
 */
export function sizeReport(metafile: Metafile, program: string): string {
  const atStart = new Set<string>();
  const visit = (path: string) => {
    if (atStart.has(path)) return;
    const output = metafile.outputs[path];
    if (output === undefined) return;
    atStart.add(path);
    for (const used of output.imports) if (used.kind === 'import-statement') visit(used.path);
  };
  visit(program);

  const outputs = Object.entries(metafile.outputs).toSorted(([, a], [, b]) => a.bytes - b.bytes);
  const total = (paths: Iterable<string>) =>
    [...paths].reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0);
  return [
    ...outputs.map(
      ([path, { bytes }]) => `${kib(bytes)}  ${path}${atStart.has(path) ? '  (read at every start)' : ''}`,
    ),
    `${kib(total(Object.keys(metafile.outputs)))}  in ${outputs.length} files`,
    `${kib(total(atStart))}  read at every start, in ${atStart.size} files`,
  ].join('\n');
}

const kib = (bytes: number) => `${(bytes / KIB).toFixed(1).padStart(8)} KiB`;
