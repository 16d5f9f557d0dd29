import { COMMAND_NAMES } from './command-names.ts';
import type { Report } from './report.ts';
import { shellWord } from './shell-word.ts';

/** An option of every command and its value, as they may be shown. */
export type GlobalOption = readonly [
  name: '--database-url' | '--database-url-file' | '--env-file',
  value: string,
];

const COMMAND = `mcpgw (?:${COMMAND_NAMES.join('|')})(?![\\w-])(?=([^\\n]*))`;
/** A text that is nothing but a command, perhaps of another user. */
const ALONE = new RegExp(`^(?:sudo (?:-u \\S+ )?)?${COMMAND}`, 'g');
/** Behind a colon, as `Run: mcpgw migrate`; without one it is a word of a sentence. */
const TOLD = new RegExp(`(?<=: (?:sudo (?:-u \\S+ )?)?)${COMMAND}`, 'g');
/** Cells are names and titles, too: a command has nothing but options and paths behind its name. */
const CELL = /^mcpgw [a-z-]+(?: (?:--?[a-z]\S*|'[^']*'|\S*[/.]\S*))*$/;

/**
 * Adds to every command of this program in a report the options that say which database is meant: a command that
 * is copied must not act on another one. Options a command names itself are its own.
 */
export function withGlobalOptions(report: Report, options: readonly GlobalOption[]): Report {
  if (options.length === 0) return report;
  const add = (command: string, rest: string) => [command, ...wordsFor(rest, options)].join(' ');
  const alone = (text: string) => text.replace(ALONE, add);
  const told = (text: string) => text.replace(TOLD, add);
  const { error } = report;
  return {
    ...report,
    checks: report.checks.map((check) => ({
      ...check,
      findings: check.findings.map(told),
      hint: told(check.hint),
      ...(check.command === undefined ? {} : { command: alone(check.command) }),
    })),
    sections: report.sections.map((section) => ({
      ...section,
      rows: section.rows.map((row) =>
        row.map((cell) => (typeof cell === 'number' ? cell : CELL.test(cell) ? alone(cell) : told(cell))),
      ),
    })),
    warnings: report.warnings.map(told),
    error: error === null ? null : { ...error, hint: told(error.hint), details: error.details.map(told) },
    next: alone(report.next),
  };
}

function wordsFor(rest: string, options: readonly GlobalOption[]): string[] {
  if (rest.includes('--help')) return [];
  const namesDatabase = rest.includes('--database-url');
  return options
    .filter(([name]) => (name === '--env-file' ? !rest.includes(name) : !namesDatabase))
    .flatMap(([name, value]) => [name, shellWord(value)]);
}
