import { linesOf } from '../../advice.ts';
import { CHECK_ORDER, countChecks, summarizeChecks } from '../../check-summary.ts';
import { displayWidth } from '../../display-width.ts';
import { pad } from '../../pad.ts';
import { plural } from '../../plural.ts';
import { printable } from '../../printable.ts';
import type { DraftCheck } from '../../report.ts';
import { thousands } from '../../thousands.ts';
import { advice } from './advice.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

/** Enough to see the pattern; `--verbose` shows all that the report has. */
const SHOWN = 5;
/** What a report has of one check with `--verbose`, as its help says. */
const MOST_SHOWN = 1_000;
/** In a narrower page, or with a longer id, id and title do not fit side by side. */
const SIDE_BY_SIDE = 72;
const LONGEST_ID = 36;

const MARKS = {
  passed: { sign: 'good', pen: 'green' },
  failed: { sign: 'bad', pen: 'red' },
  errored: { sign: 'bad', pen: 'magenta' },
  warned: { sign: 'warn', pen: 'yellow' },
  skipped: { sign: 'same', pen: 'dim' },
} as const satisfies Record<DraftCheck['status'], { sign: keyof Page['signs']; pen: keyof Page['paint'] }>;

/**
 * Problems first and in detail, then one line for each check that passed, or their number when quiet; group by
 * group where there are groups.
 */
export function checks(reports: readonly DraftCheck[], page: Page): string[] {
  const groups = page.style.quiet ? [undefined] : [...new Set(reports.map(({ group }) => group))];
  return groups.flatMap((group, i) => {
    const lines = linesOfGroup(
      page.style.quiet ? reports : reports.filter((check) => check.group === group),
      group ?? 'Checks',
      page,
    );
    const told = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    return i === 0 ? told : ['', ...told];
  });
}

function linesOfGroup(reports: readonly DraftCheck[], title: string, page: Page): string[] {
  const { style, paint } = page;
  const sorted = CHECK_ORDER.flatMap((status) => reports.filter((check) => check.status === status));
  const brief = style.quiet || isCounted(page, reports[0]);
  const problems = sorted.filter(
    (check) => check.status !== 'passed' && !(brief && check.status === 'skipped'),
  );
  const passed = sorted.filter((check) => check.status === 'passed' && isTold(check, page));
  const idWidth = Math.max(0, ...sorted.map((check) => displayWidth(printable(check.id))));
  if (style.quiet) {
    const count = countChecks(reports).passed;
    return [
      ...problems.flatMap((check) => problem(check, idWidth, page)),
      ...(problems.length > 0 && count > 0 ? [`  ${paint.dim(`${plural(count, 'check')} passed`)}`] : []),
    ];
  }
  return [
    ...hanging({
      lead: `${title}  `,
      text: summarizeChecks(reports),
      width: style.width,
      paintLead: paint.bold,
      paint: paint.dim,
    }),
    ...problems.flatMap((check, i) =>
      // Checks that were skipped for the same reason share the line that says it.
      problem(
        problems[i + 1]?.status === 'skipped' && `${problems[i + 1]?.hint}` === `${check.hint}`
          ? { ...check, hint: '' }
          : check,
        idWidth,
        page,
      ),
    ),
    ...(brief ? whySkipped(reports, page) : []),
    ...passed.flatMap((check) => [...headline(check, idWidth, page), ...information(check, page)]),
  ];
}

/** Of the many checks of groups those that passed or were skipped are counted, and named when asked for. */
function isCounted({ style }: Page, check: DraftCheck | undefined): boolean {
  return check?.group !== undefined && !style.verbose;
}

function isTold(check: DraftCheck, page: Page): boolean {
  return !isCounted(page, check) || (check.level === 'info' && check.findings.length > 0);
}

/** Each reason once. */
function whySkipped(reports: readonly DraftCheck[], { style, paint, signs }: Page): string[] {
  const reasons = new Set(reports.filter(({ status }) => status === 'skipped').map(({ hint }) => `${hint}`));
  return [...reasons].flatMap((reason) =>
    hanging({
      lead: `  ${signs.same} `,
      text: printable(reason),
      width: style.width,
      paintLead: paint.dim,
      paint: paint.dim,
    }),
  );
}

/** What a check of level `info` has to tell is no problem, and its findings are shown all the same. */
function information({ level, findings }: DraftCheck, { style }: Page): string[] {
  if (level !== 'info') return [];
  return findings.flatMap((text) => hanging({ lead: '      - ', text: printable(text), width: style.width }));
}

function headline(check: DraftCheck, idWidth: number, { style, paint, signs }: Page): string[] {
  const { sign, pen } = MARKS[check.status];
  const strong = check.status === 'failed' || check.status === 'errored' || check.status === 'warned';
  const lead = `  ${signs[sign]} `;
  const id = printable(check.id);
  const text = printable(check.title) + repaired(check);
  if (style.width < SIDE_BY_SIDE || displayWidth(id) > LONGEST_ID) {
    return hanging({
      lead,
      text: `${id}: ${text}`,
      width: style.width,
      paintLead: paint[pen],
      paint: strong ? paint.bold : paint,
    });
  }
  return hanging({
    lead: `${lead}${pad(id, Math.min(idWidth, LONGEST_ID))}  `,
    text,
    width: style.width,
    paintLead: (all) => paint[pen](lead) + (strong ? paint.bold : paint.dim)(all.slice(lead.length)),
    paint: strong ? paint.bold : paint,
  });
}

function problem(check: DraftCheck, idWidth: number, page: Page): string[] {
  const { style, paint, signs } = page;
  const shown = style.verbose ? check.findings : check.findings.slice(0, SHOWN);
  const hidden = Math.max(check.count, check.findings.length) - shown.length;
  const findings = shown.flatMap((finding) =>
    hanging({ lead: '      - ', text: printable(finding), width: style.width }),
  );
  const more =
    shown.length > 0 && hidden > 0
      ? hanging({
          lead: `      ${signs.more} `,
          text: `and ${thousands(hidden)} more${moreHow(check, style)}`,
          width: style.width,
          paintLead: paint.dim,
          paint: paint.dim,
        })
      : [];
  const count =
    check.count > 0
      ? [`    ${plural(check.count, 'finding')}${check.fixable ? ', can be repaired' : ''}`]
      : [];
  const gap = check.status === 'skipped' ? [] : [''];
  return [...headline(check, idWidth, page), ...count, ...findings, ...more, ...hint(check, page), ...gap];
}

function moreHow({ count }: DraftCheck, { verbose }: Page['style']): string {
  return verbose ? '' : ` (--verbose shows ${count > MOST_SHOWN ? thousands(MOST_SHOWN) : 'all'})`;
}

function hint(check: DraftCheck, { style, paint }: Page): string[] {
  const reason = check.status === 'skipped' || check.status === 'errored';
  const first = reason ? '    Why: ' : '    To do: ';
  return advice({
    lead: first,
    lines: linesOf(check.hint),
    width: style.width,
    paintLead: paint.dim,
    paint: reason ? paint.dim : paint.cyan,
  });
}

function repaired({ repaired: count, remaining }: DraftCheck): string {
  if (count === undefined || count + (remaining ?? 0) === 0) return '';
  return ` (${thousands(count)} repaired${remaining ? `, ${thousands(remaining)} left` : ''})`;
}
