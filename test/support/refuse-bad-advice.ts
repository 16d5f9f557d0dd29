import { CommanderError } from 'commander';
import { withParts } from '../../scripts/docs/parse-only.ts';
import { createProgram } from '../../src/program.ts';
import type { Report } from '../../src/report/report.ts';

/** A word for a shell: quoted, plain, or both. */
const WORD = /(?:'[^']*'|\\'|[^\s'])+/g;

/** @throws Error for a command in a report that the program itself would not take */
export function refuseBadAdvice(report: Report): void {
  for (const command of commandsIn(report)) {
    const problem = problemWith(command);
    if (problem !== null) throw new Error(`the report advises “${command}”: ${problem}`);
  }
}

/** Those alone in their field, and those behind a colon in a sentence, up to its next comma or full stop. */
function commandsIn({ next, checks, error, warnings, sections }: Report): string[] {
  const cells = sections.flatMap(({ rows }) => rows.flat()).filter((cell) => typeof cell === 'string');
  const alone = [next, ...checks.map(({ command = '' }) => command), ...cells.filter(isRestore)];
  const texts = [
    ...checks.flatMap(({ hint, findings }) => [hint, ...findings]),
    ...(error === null ? [] : [error.hint, ...error.details]),
    ...warnings,
    ...cells,
  ];
  const told = texts.flatMap((text) =>
    [...text.matchAll(/: ((?:sudo -u \S+ )?mcpgw [a-z-].*)/g)].map(([, rest = '']) => {
      const words = rest.match(WORD) ?? [];
      const last = words.findIndex((word) => /[.,;)]$/.test(word));
      return (last < 0 ? rest : words.slice(0, last + 1).join(' ')).replace(/[.,;)]$/, '');
    }),
  );
  return [...alone.filter((text) => /^(sudo -u \S+ )?mcpgw /.test(text)), ...told];
}

const isRestore = (cell: string) => cell.startsWith('mcpgw restore ');

function problemWith(command: string): string | null {
  const words = (command.match(WORD) ?? []).map((word) =>
    word.replaceAll(/'([^']*)'/g, '$1').replaceAll("\\'", "'"),
  );
  const program = createProgram(NOWHERE, () => {});
  for (const each of withParts(program)) if (each.commands.length === 0) each.action(() => {});
  try {
    program.parse(words.slice(words.indexOf('mcpgw') + 1), { from: 'user' });
    return null;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? null : thrown.message;
    throw thrown;
  }
}

const silent = { write: () => {}, isTTY: false, columns: undefined };
const NOWHERE = {
  env: {},
  cwd: '/',
  argv: [],
  stdout: silent,
  stderr: silent,
  interactive: false,
  signal: new AbortController().signal,
};
