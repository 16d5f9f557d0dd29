import type { Measurement } from './measurement.ts';

const HEADER = ['what', 'mcpgw', 'native', 'ratio', 'peak', 'marks'] as const;

/** The measurements as an aligned table; a mark that was not reached says so. */
export function measurementTable(measurements: readonly Measurement[]): string {
  const rows = [[...HEADER], ...measurements.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i > 0 && i < 5 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cells(measurement: Measurement): string[] {
  const { what, ours, native, peakMb } = measurement;
  const marks = marksOf(measurement).map(
    ({ text, reached }) => `${text} ${reached ? 'reached' : 'NOT REACHED'}`,
  );
  return [
    what,
    time(ours),
    time(native),
    `${(ours / native).toFixed(2)} x`,
    peakMb === null ? '' : `${Math.round(peakMb)} MB`,
    marks.join(', '),
  ];
}

function marksOf({ ours, native, peakMb, marks }: Measurement) {
  return [
    ...(marks.ratio === undefined
      ? []
      : [{ text: `<= ${marks.ratio} x`, reached: ours / native <= marks.ratio }]),
    ...(marks.ms === undefined ? [] : [{ text: `< ${marks.ms / 1000} s`, reached: ours < marks.ms }]),
    ...(marks.peakMb === undefined || peakMb === null
      ? []
      : [{ text: `< ${marks.peakMb} MB`, reached: peakMb < marks.peakMb }]),
  ];
}

function time(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
