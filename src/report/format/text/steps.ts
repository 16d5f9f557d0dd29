import { displayWidth } from '../../display-width.ts';
import { duration } from '../../duration.ts';
import { pad } from '../../pad.ts';
import { plural } from '../../plural.ts';
import { printable } from '../../printable.ts';
import type { StepReport } from '../../report.ts';
import { wrap } from '../../wrap.ts';
import { wrapStatement } from '../../wrap-statement.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

/** Below this a title column is no longer readable: the facts then follow the title. */
const NARROWEST_TITLE = 28;
const GAP = 2;

const MARKS = {
  done: { sign: 'good', pen: 'green' },
  already: { sign: 'same', pen: 'dim' },
  planned: { sign: 'same', pen: 'cyan' },
  skipped: { sign: 'same', pen: 'dim' },
  failed: { sign: 'bad', pen: 'red' },
} as const satisfies Record<StepReport['status'], { sign: keyof Page['signs']; pen: keyof Page['paint'] }>;

const STATES = {
  already: 'in place',
  planned: 'planned',
  skipped: 'skipped',
  failed: 'failed',
} as const;

interface Line {
  readonly step: StepReport;
  readonly title: string;
  readonly rows: string;
  /** The time a step took, or the word for what became of it. */
  readonly state: string;
}

/** One aligned line per step; under it the statements of a dry run. */
export function steps(reports: readonly StepReport[], page: Page): string[] {
  const { style, paint } = page;
  const lines = reports.map((step): Line => toLine(step, style.verbose));
  const rowsWidth = widest(lines.map((line) => line.rows));
  const stateWidth = widest(lines.map((line) => line.state));
  const facts = (rowsWidth > 0 ? rowsWidth + GAP : 0) + stateWidth + GAP;
  const titleWidth = Math.min(widest(lines.map((line) => line.title)), style.width - 4 - facts);

  const columns = (line: Line): string[] => {
    const [first = '', ...rest] = wrap(line.title, titleWidth);
    const rows = rowsWidth > 0 ? `${' '.repeat(GAP)}${pad(line.rows, rowsWidth, 'right')}` : '';
    const state = `${' '.repeat(GAP)}${pad(line.state, stateWidth, 'right')}`;
    return [
      `  ${mark(line.step, page)} ${titlePen(line.step, page)(pad(first, titleWidth))}${rows}${paint.dim(state)}`,
      ...rest.map((more) => `    ${titlePen(line.step, page)(more)}`),
    ];
  };
  const stacked = (line: Line): string[] => {
    const told = [line.rows, line.state].filter((fact) => fact !== '').join(', ');
    return hanging({
      lead: `  ${page.signs[MARKS[line.step.status].sign]} `,
      text: told === '' ? line.title : `${line.title} (${told})`,
      width: style.width,
      paintLead: (lead) => paint[MARKS[line.step.status].pen](lead),
      paint: titlePen(line.step, page),
    });
  };
  const draw =
    titleWidth < Math.min(NARROWEST_TITLE, widest(lines.map((line) => line.title))) ? stacked : columns;
  return [paint.bold('Steps'), ...lines.flatMap((line) => [...draw(line), ...statements(line.step, page)])];
}

function toLine(step: StepReport, verbose: boolean): Line {
  return {
    step,
    title: printable(verbose ? `${step.title} [${step.id}]` : step.title),
    rows: step.rows === null ? '' : plural(step.rows, 'row'),
    state: stateOf(step),
  };
}

function stateOf({ status, durationMs, statements: shown }: StepReport): string {
  if (status === 'done') return duration(durationMs);
  // What stands below is not the work of the step.
  return status === 'already' && shown !== undefined ? 'in place, to record' : STATES[status];
}

function statements(step: StepReport, { style, paint }: Page): string[] {
  const indent = ' '.repeat(style.width < 60 ? 4 : 6);
  return (step.statements ?? []).flatMap((statement) =>
    wrapStatement(statement, style.width - indent.length).map((line) => indent + paint.cyan(line)),
  );
}

function mark(step: StepReport, { paint, signs }: Page): string {
  const { sign, pen } = MARKS[step.status];
  return paint[pen](signs[sign]);
}

function titlePen(step: StepReport, { paint }: Page): (text: string) => string {
  if (step.status === 'failed') return paint.red;
  return step.status === 'already' || step.status === 'skipped' ? paint.dim : paint;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(displayWidth));
}
