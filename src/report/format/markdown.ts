import { CHECK_ORDER, summarizeChecks } from '../check-summary.ts';
import { duration } from '../duration.ts';
import { markdownCode, markdownText } from '../markdown-escape.ts';
import { outcome } from '../outcome.ts';
import { plural } from '../plural.ts';
import { printable } from '../printable.ts';
import type { CheckReport, Report, Section, StepReport } from '../report.ts';
import type { Style } from '../style.ts';
import { thousands } from '../thousands.ts';
import { xmlEscape } from '../xml-escape.ts';

const MARKS = { ok: '✔', findings: '✖', refused: '✖', partial: '✖', locked: '✖', interrupted: '✖' } as const;

/** Findings shown for one check; `--verbose` shows the whole sample. A comment is read, not searched. */
const SHOWN = 10;

/** The report as GitHub-flavoured Markdown, for a comment on a pull request. */
export function renderMarkdown(report: Report, style: Style): string {
  const checks = CHECK_ORDER.flatMap((status) => report.checks.filter((check) => check.status === status));
  const told = checks.filter((check) => check.status !== 'passed');
  const passed = style.quiet ? [] : checks.filter((check) => check.status === 'passed');
  const blocks = [
    `### ${MARKS[report.status]} ${markdownText(`${report.tool.name} ${report.command}`)}`,
    database(report),
    markdownText(outcome(report)),
    failure(report),
    list('Warnings', report.warnings),
    ...(checks.length > 0 && told.length > 0
      ? [problems(told, checks), ...told.map((each) => details(each, style))]
      : []),
    ...(passed.length > 0 ? [folded(summarizeChecks(passed), checkTable(passed))] : []),
    ...(report.steps.length > 0 && !style.quiet ? [steps(report.steps)] : []),
    statements(report.steps),
    ...(style.quiet ? [] : report.sections.map(section)),
    report.next === '' ? '' : `**Next:** ${markdownCode(report.next)}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function database({ database: about }: Report): string {
  if (about === null) return '';
  const release = about.release === '' ? '' : `release ${markdownText(about.release)}`;
  const revision = about.revision === '' ? '' : `revision ${markdownCode(about.revision)}`;
  const parts = [markdownText(about.server || about.dialect), markdownCode(about.url), release, revision];
  return parts.filter((part) => part !== '').join(' · ');
}

function failure({ error }: Report): string {
  if (error === null) return '';
  const told = [
    `**${markdownText(error.message)}** (${markdownCode(error.code)})`,
    ...(error.details.length > 0 ? ['', ...error.details.map((detail) => `- ${markdownText(detail)}`)] : []),
    ...(error.hint === '' ? [] : ['', `To do: ${lines(error.hint)}`]),
  ];
  return told.join('\n');
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return [`**${title}**`, '', ...items.map((item) => `- ${markdownText(item)}`)].join('\n');
}

function problems(told: readonly CheckReport[], all: readonly CheckReport[]): string {
  return `**Checks:** ${summarizeChecks(all)}\n\n${checkTable(told)}`;
}

function checkTable(checks: readonly CheckReport[]): string {
  return table(
    ['status', 'check', 'title', 'findings'],
    checks.map((check) => [
      check.status,
      markdownText(check.id),
      markdownText(check.title),
      thousands(check.count),
    ]),
    [false, false, false, true],
  );
}

function details(check: CheckReport, { verbose }: Style): string {
  const shown = verbose ? check.findings : check.findings.slice(0, SHOWN);
  const hidden = Math.max(check.count, check.findings.length) - shown.length;
  const findings = [
    ...shown.map((finding) => `- ${markdownCode(finding)}`),
    ...(shown.length > 0 && hidden > 0 ? [`- … and ${thousands(hidden)} more`] : []),
  ].join('\n');
  const hint = lines(check.hint);
  const body = [findings, hint].filter((part) => part !== '').join('\n\n');
  return body === '' ? '' : folded(check.id, body);
}

/** Hints are written by this tool: their line breaks are meant. */
function lines(hint: string): string {
  return hint.split('\n').map(markdownText).join('<br>');
}

function steps(reports: readonly StepReport[]): string {
  return table(
    ['step', 'status', 'rows', 'time'],
    reports.map((step) => [
      markdownText(step.title),
      step.status,
      step.rows === null ? '' : thousands(step.rows),
      step.status === 'done' ? duration(step.durationMs) : '',
    ]),
    [false, false, true, true],
  );
}

/** In a fence longer than any run of backticks inside; each line made printable, its own line breaks kept. */
function statements(reports: readonly StepReport[]): string {
  const all = reports.flatMap((step) => step.statements ?? []);
  if (all.length === 0) return '';
  const sql = all.map((each) => each.split('\n').map(printable).join('\n').replace(/;?$/, ';')).join('\n');
  const longest = Math.max(2, ...[...sql.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return folded(plural(all.length, 'statement'), `${fence}sql\n${sql}\n${fence}`);
}

function section({ title, columns, rows }: Section): string {
  const heading = `**${markdownText(title)}**`;
  if (rows.length === 0) return `${heading}\n\nnone`;
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? thousands(cell) : markdownText(cell))),
  );
  if (columns.every((name) => name === '')) {
    return `${heading}\n\n${cells.map((row) => `- ${row.join(' ')}`).join('\n')}`;
  }
  const numeric = columns.map((_, index) => rows.every((row) => typeof row[index] === 'number'));
  return `${heading}\n\n${table(columns.map(markdownText), cells, numeric)}`;
}

function table(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly boolean[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = line(names.map((_, index) => (numeric[index] ? '---:' : '---')));
  return [line(names), rule, ...rows.map((row) => line(names.map((_, index) => row[index] ?? '')))].join(
    '\n',
  );
}

/** The summary is HTML, where Markdown's escapes would show; the body is Markdown again after an empty line. */
function folded(summary: string, body: string): string {
  return `<details><summary>${xmlEscape(summary)}</summary>\n\n${body}\n\n</details>`;
}
