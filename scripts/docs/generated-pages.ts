import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Report, Section } from '../../src/report/report.ts';
import { VARIABLES } from '../../src/settings/variables.ts';
import { BUILT_PROGRAM } from '../build.ts';
import { configurationSchema } from './configuration-schema.ts';
import { parseOnly } from './parse-only.ts';

/** Where the pages of the commands are, from the project's folder. */
const COMMANDS = 'docs/commands';

/** Which guide, beside the folder of the commands, tells how a command is used. */
const GUIDES: Readonly<Record<string, string>> = {
  migrate: 'upgrade.md',
  status: 'upgrade.md',
  verify: 'upgrade.md#check-and-repair',
  fix: 'upgrade.md#check-and-repair',
  backup: 'going-back.md#backups',
  restore: 'going-back.md#restore',
  rollback: 'going-back.md#rollback',
  export: 'configuration.md',
  doctor: 'doctor.md',
  config: 'settings.md',
  assign: 'hand-over.md',
  team: 'teams.md',
  user: 'teams.md#users',
  import: 'import.md',
  apply: 'teams.md#all-at-once-from-a-file',
};

/** Between `<!-- name -->` and `<!-- /name -->` of these pages stands what the program says. */
const BLOCKS: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'README.md': { commands: () => commandTable(COMMANDS) },
  'docs/doctor.md': { findings: doctorTable },
  'docs/settings.md': { variables: variableTable },
};

/**
 * Everything in the documentation that the program itself says, as it has to be now.
 *
 * @param root the project's folder, with the program built
 * @returns for each file, by its path from the root, its whole text; null where it has to go
 */
export function generatedPages(root: string): Map<string, string | null> {
  const pages = new Map<string, string | null>();
  for (const [file, blocks] of Object.entries(BLOCKS)) {
    const texts = Object.entries(blocks);
    pages.set(
      file,
      texts.reduce(
        (page, [name, text]) => withBlock(page, name, text()),
        readFileSync(join(root, file), 'utf8'),
      ),
    );
  }
  pages.set('docs/configuration.schema.json', configurationSchema());
  for (const file of readdirSync(join(root, COMMANDS))) pages.set(`${COMMANDS}/${file}`, null);
  pages.set(`${COMMANDS}/README.md`, indexPage());
  for (const command of parseOnly().commands) {
    pages.set(`${COMMANDS}/${command.name()}.md`, commandPage(command));
  }
  return pages;
}

function withBlock(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`There is no ${start}… ${end} to write to.`);
  return `${before}${start}${text}\n${end}${after}`;
}

function indexPage(): string {
  return `# Commands

${commandTable('.')}

These options go with every command:

${help(parseOnly())}
`;
}

function commandPage(command: Command): string {
  const name = command.name();
  const guide = GUIDES[name];
  if (guide === undefined) throw new Error(`No guide tells of ${name}: name it in GUIDES.`);
  return `# mcpgw ${name}

${command.description()}

${[command, ...command.commands].map(help).join('\n\n')}
${name === 'verify' ? `\n## The checks\n\n${verifyTable()}\n` : ''}
How it is used: [${guide.split('#')[0]}](../${guide}). Options of every command: [Commands](README.md).
`;
}

function commandTable(folder: string): string {
  return table(
    ['command', 'what it does'],
    parseOnly().commands.map((command) => [
      `[\`${command.name()}\`](${folder}/${command.name()}.md)`,
      command.description(),
    ]),
  );
}

function verifyTable(): string {
  return table(
    ['check', 'level', '`fix` repairs it', 'what it checks'],
    listed('verify').map(([id, level, repair, title]) => [
      `\`${id}\``,
      level,
      repair === 'fix' ? 'yes' : '',
      title,
    ]),
  );
}

function doctorTable(): string {
  return table(
    ['check', 'database', 'level', '`--repair`', 'what is so when nothing is found'],
    listed('doctor').map(([id, ...cells]) => [`\`${id}\``, ...cells]),
  );
}

function variableTable(): string {
  return table(
    ['variable', 'default', 'meaning'],
    VARIABLES.map((variable) => [
      `\`${variable.name}\``,
      variable.default === '' ? '' : `\`${variable.default}\``,
      variable.meaning,
    ]),
  );
}

type Cell = string | number | undefined;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((cell) => String(cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** The rows of what a command of the built program lists. */
function listed(command: string): Section['rows'] {
  const args = ['--', BUILT_PROGRAM, command, '--list', '--format', 'json'];
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mcpgw ${command} --list failed: ${stderr}`);
  return (JSON.parse(stdout) as Report).sections[0]?.rows ?? [];
}

const help = (command: Command) => `\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\``;
