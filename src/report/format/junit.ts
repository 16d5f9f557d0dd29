import { outcome } from '../outcome.ts';
import type { CheckReport, Report, StepReport } from '../report.ts';
import { xmlEscape } from '../xml-escape.ts';

interface Case {
  /** `steps`, `checks` or `command`: the second half of the class name. */
  readonly group: string;
  readonly name: string;
  readonly seconds: number;
  readonly result: Result | null;
}

interface Result {
  readonly tag: 'failure' | 'error' | 'skipped' | 'system-out';
  readonly message: string;
  readonly lines: readonly string[];
}

/**
 * JUnit XML for CI: one suite per report, a case for each step and each check. When the run did not end well and
 * no step or check says so, a case of the command itself does: a bad exit code is never an all-green file.
 */
export function renderJunit(report: Report): string {
  const told = [...report.steps.map(stepCase), ...report.checks.map(checkCase)];
  const cases = [...told, ...commandCase(report, told)];
  const name = `${report.tool.name} ${report.command}`;
  const totals = {
    tests: cases.length,
    failures: count(cases, 'failure'),
    errors: count(cases, 'error'),
    skipped: count(cases, 'skipped'),
    time: seconds(cases.reduce((sum, each) => sum + each.seconds, 0)),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...totals })}>`,
    `  <testsuite${attributes({ name, ...totals })}>`,
    ...properties(report),
    ...cases.flatMap((each) => testcase(each, `${report.tool.name}.${report.command}`)),
    ...output(report.warnings),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function stepCase(step: StepReport): Case {
  const common = { group: 'steps', name: `${step.id}: ${step.title}`, seconds: step.durationMs / 1000 };
  switch (step.status) {
    case 'done':
    case 'already':
      return { ...common, result: null };
    case 'failed':
      return { ...common, result: { tag: 'error', message: 'The step failed', lines: [] } };
    case 'planned':
    case 'skipped':
      return { ...common, result: { tag: 'skipped', message: step.status, lines: step.statements ?? [] } };
  }
}

function checkCase(check: CheckReport): Case {
  const common = { group: 'checks', name: `${check.id}: ${check.title}`, seconds: 0 };
  const hint = check.hint === '' ? [] : check.hint.split('\n');
  const hidden = check.count - check.findings.length;
  const lines = [...check.findings, ...(hidden > 0 ? [`and ${hidden} more`] : []), ...hint];
  const found = `${check.count} ${check.count === 1 ? 'finding' : 'findings'}`;
  switch (check.status) {
    case 'passed':
      return { ...common, result: null };
    case 'failed':
      return { ...common, result: { tag: 'failure', message: found, lines } };
    case 'errored':
      return { ...common, result: { tag: 'error', message: 'The check could not be run', lines } };
    case 'skipped':
      return { ...common, result: { tag: 'skipped', message: hint.join(' '), lines: [] } };
    case 'warned':
      return {
        ...common,
        result: { tag: 'system-out', message: '', lines: [`warning: ${found}`, ...lines] },
      };
  }
}

function commandCase(report: Report, told: readonly Case[]): Case[] {
  const common = { group: 'command', name: report.command, seconds: 0 };
  const { error } = report;
  if (error !== null) {
    const hint = error.hint === '' ? [] : error.hint.split('\n');
    const lines = [...error.details, ...hint];
    return [{ ...common, result: { tag: 'error', message: `${error.code}: ${error.message}`, lines } }];
  }
  const bad = count(told, 'failure') + count(told, 'error') > 0;
  if (report.status !== 'ok' && !bad) {
    const message = outcome(report);
    return [
      { ...common, result: { tag: 'failure', message, lines: report.next === '' ? [] : [report.next] } },
    ];
  }
  // A suite without cases is an error to several CI servers.
  return told.length === 0 ? [{ ...common, result: null }] : [];
}

function testcase({ group, name, seconds: time, result }: Case, classPrefix: string): string[] {
  const open = `    <testcase${attributes({ classname: `${classPrefix}.${group}`, name, time: seconds(time) })}`;
  if (result === null) return [`${open}/>`];
  const { tag, message, lines } = result;
  const inner =
    tag === 'system-out'
      ? ''
      : attributes(tag === 'skipped' ? { message } : { message, type: classOf(tag, group) });
  const body = lines.map(xmlEscape).join('\n');
  const element = body === '' ? `      <${tag}${inner}/>` : `      <${tag}${inner}>${body}</${tag}>`;
  return [`${open}>`, element, '    </testcase>'];
}

function classOf(tag: 'failure' | 'error', group: string): string {
  return tag === 'failure' ? 'finding' : `${group} error`;
}

function properties({ tool, database }: Report): string[] {
  const values = {
    version: tool.version,
    ...(database === null
      ? {}
      : {
          dialect: database.dialect,
          server: database.server,
          database: database.url,
          release: database.release,
          revision: database.revision,
        }),
  };
  return [
    '    <properties>',
    ...Object.entries(values).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
  ];
}

function output(warnings: readonly string[]): string[] {
  if (warnings.length === 0) return [];
  return [`    <system-out>${warnings.map((each) => xmlEscape(`warning: ${each}`)).join('\n')}</system-out>`];
}

function count(cases: readonly Case[], tag: Result['tag']): number {
  return cases.filter((each) => each.result?.tag === tag).length;
}

function seconds(value: number): string {
  return value.toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlEscape(String(value))}"`)
    .join('');
}
