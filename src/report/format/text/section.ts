import { Command, type Text } from '../../advice.ts';
import { displayWidth } from '../../display-width.ts';
import { pad } from '../../pad.ts';
import { printable } from '../../printable.ts';
import type { DraftSection } from '../../report.ts';
import { thousands } from '../../thousands.ts';
import { wrap } from '../../wrap.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

const GAP = 2;
const INDENT = 2;
/** A text column is not made narrower than this; the rows are shown one field per line instead. */
const NARROWEST = 10;

/** A titled table with numbers to the right; without column names, plain lines. */
export function section(report: DraftSection, page: Page): string[] {
  const { style, paint } = page;
  const title = hanging({ lead: '', text: printable(report.title), width: style.width, paint: paint.bold });
  const cells = report.rows.map((row) => row.map(cell));
  if (cells.length === 0) return [...title, paint.dim('  none')];
  if (report.columns.every((name) => name === '')) {
    const notes = cells.flatMap((row) =>
      hanging({ lead: '  ', text: row.map(({ text }) => text).join('  '), width: style.width }),
    );
    return [...title, ...notes];
  }
  const names = report.columns.map(printable);
  const numeric = names.map((_, index) => isNumeric(report, index));
  const widths = fitWidths(names, cells, numeric, style.width - INDENT);
  return [
    ...title,
    ...(widths === null ? records(names, cells, page) : table(names, cells, numeric, widths, page)),
  ];
}

interface Cell {
  readonly text: string;
  /** A command stays on one line: it is there to be copied. */
  readonly isCommand: boolean;
}

function cell(value: Text | number): Cell {
  return {
    text: typeof value === 'number' ? thousands(value) : printable(value),
    isCommand: value instanceof Command,
  };
}

/** Empty cells and dashes stand for "no number" and do not make a column text. */
function isNumeric({ rows }: DraftSection, index: number): boolean {
  const values = rows.map((row) => row[index] ?? '');
  return (
    values.some((value) => typeof value === 'number') &&
    values.every((value) => typeof value === 'number' || value === '' || value === '-')
  );
}

/**
 * Widths that fill at most `width`, taken from the widest text column first; null when they cannot. The first
 * column, which names the row, stays whole: names cut in two can be neither read nor copied.
 */
function fitWidths(
  names: readonly string[],
  cells: readonly (readonly Cell[])[],
  numeric: readonly boolean[],
  width: number,
): number[] | null {
  const widths = names.map((name, index) =>
    Math.max(
      displayWidth(name),
      ...cells.map((row) => (row[index]?.isCommand ? 0 : displayWidth(row[index]?.text ?? ''))),
    ),
  );
  let excess = widths.reduce((sum, each) => sum + each, 0) + GAP * (names.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [index, each] of widths.entries()) {
      const narrower = index > 0 && !numeric[index] && each > NARROWEST;
      if (narrower && each > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return null;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function table(
  names: readonly string[],
  cells: readonly (readonly Cell[])[],
  numeric: readonly boolean[],
  widths: readonly number[],
  { paint }: Page,
): string[] {
  const draw = (row: readonly Cell[]): string[] => {
    const wrapped = widths.map((width, index) => {
      const { text, isCommand } = row[index] ?? cell('');
      return isCommand ? [text] : wrap(text, width, 'cut');
    });
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => {
      const columns = wrapped.map((lines, index) =>
        pad(lines[line] ?? '', widths[index] ?? 0, numeric[index] ? 'right' : 'left'),
      );
      return `${' '.repeat(INDENT)}${columns.join(' '.repeat(GAP))}`.trimEnd();
    });
  };
  return [...draw(names.map(cell)).map((line) => paint.dim(line)), ...cells.flatMap(draw)];
}

/** The first field heads each row, the others follow one per line. */
function records(names: readonly string[], cells: readonly (readonly Cell[])[], { style }: Page): string[] {
  return cells.flatMap(([first, ...rest]) => [
    ...hanging({ lead: '  ', text: first?.text ?? '', width: style.width }),
    ...rest.flatMap(({ text }, index) =>
      hanging({ lead: '    ', text: `${names[index + 1] ?? ''}: ${text}`, width: style.width }),
    ),
  ]);
}
