import { printable } from '../printable.ts';
import type { Draft, StepReport } from '../report.ts';
import type { Style } from '../style.ts';
import { checks } from './text/checks.ts';
import { closing } from './text/closing.ts';
import { failure } from './text/failure.ts';
import { header } from './text/header.ts';
import { type Page, page } from './text/page.ts';
import { section } from './text/section.ts';
import { steps } from './text/steps.ts';
import { warnings } from './text/warnings.ts';

/**
 * The report for people, block by block with an empty line between: the reader is in the middle of an upgrade and
 * must find at a glance what happened and what to do. Quiet keeps findings, warnings and errors, and what was
 * asked for: a dry run's statements, and the tables of a report that is nothing but tables.
 */
export function renderText(report: Draft, style: Style): string {
  const ink = page(style);
  const blocks = style.quiet ? quietBlocks(report, ink) : allBlocks(report, ink);
  const told = blocks.filter((block) => block.length > 0);
  return told.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n');
}

function allBlocks(report: Draft, ink: Page): string[][] {
  return [
    header(report, ink),
    report.steps.length > 0 ? steps(report.steps, ink) : [],
    report.checks.length > 0 ? checks(report.checks, ink) : [],
    ...report.sections.map((each) => section(each, ink)),
    ...ending(report, ink),
    next(report, ink),
  ];
}

function quietBlocks(report: Draft, ink: Page): string[][] {
  const told = report.steps.filter(isToldWhenQuiet);
  const isTables = report.steps.length === 0 && report.checks.length === 0;
  const blocks = [
    told.length > 0 ? steps(told, ink) : [],
    report.checks.length > 0 ? checks(report.checks, ink) : [],
    ...(isTables ? report.sections.map((each) => section(each, ink)) : []),
    report.warnings.length > 0 ? warnings(report.warnings, ink) : [],
    report.error === null ? [] : failure({ ...report, error: report.error }, ink),
  ];
  return report.status === 'ok' ? blocks : [...blocks, next(report, ink)];
}

function isToldWhenQuiet(step: StepReport): boolean {
  return step.status === 'failed' || step.statements !== undefined;
}

function ending(report: Draft, ink: Page): string[][] {
  return [
    report.warnings.length > 0 ? warnings(report.warnings, ink) : [],
    report.error === null ? closing(report, ink) : failure({ ...report, error: report.error }, ink),
  ];
}

/** One line, never wrapped: it is there to be copied. */
function next(report: Draft, { paint }: Page): string[] {
  return report.next === '' ? [] : [`${paint.bold('Next:')} ${paint.cyan(printable(report.next))}`];
}
