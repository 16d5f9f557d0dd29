import { mapParts, type Text } from './advice.ts';
import type { Draft } from './report.ts';

/** Of a name, or a word, in a text for people. */
const MOST_OF_NAME = 200;
/** Of one text; its end, which says what is wrong with what is named, stays. */
const MOST_OF_TEXT = 2_000;
const END = 500;

/** In quotes, or a word of its own. A path stays whole: it is there to be copied. */
const LONG_NAME = new RegExp(
  `(“[^”]{${MOST_OF_NAME}})[^”]+(?=”)|((?<!\\S)[^\\s/“]\\S{${MOST_OF_NAME - 1}})\\S+`,
  'gu',
);

/** A text in which long names are cut: nobody reads on, and whoever wants all of it has the JSON report. */
export function shortened(text: string): string {
  const whole =
    text.length <= MOST_OF_TEXT
      ? text
      : `${text.slice(0, MOST_OF_TEXT - END).replace(/[\ud800-\udbff]$/, '')} … ${text.slice(-END).replace(/^[\udc00-\udfff]/, '')}`;
  return whole.replaceAll(LONG_NAME, (_all, quoted?: string, word?: string) => `${quoted ?? word}…`);
}

/** The report as people read it. Commands, statements and settings stay whole: they are there to be copied. */
export function withShortNames(report: Draft): Draft {
  const { error } = report;
  const short = (text: Text) => mapParts(text, shortened);
  return {
    ...report,
    steps: report.steps.map((step) => ({ ...step, title: shortened(step.title) })),
    checks: report.checks.map((check) => ({ ...check, findings: check.findings.map(short) })),
    sections: report.sections.map((section) =>
      section.id === 'settings'
        ? section
        : {
            ...section,
            rows: section.rows.map((row) =>
              row.map((cell) => (typeof cell === 'number' ? cell : short(cell))),
            ),
          },
    ),
    warnings: report.warnings.map(short),
    error:
      error === null ? null : { ...error, message: short(error.message), details: error.details.map(short) },
  };
}
