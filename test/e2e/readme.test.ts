import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { ExitCode } from '../../src/errors.ts';
import { createProgram } from '../../src/program.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const text = readFileSync(join(root, 'README.md'), 'utf8');
const NAMES = commandNames();

describe('README.md', () => {
  const lines = commandLines();

  it('has command lines of every command', () => {
    const used = new Set(lines.map((line) => line.split(' ')[1]));
    for (const name of ['migrate', 'status', 'verify', 'fix', 'config']) expect(used).toContain(name);
  });

  for (const line of lines) {
    it(`${line} can be run as it stands`, async () => {
      const program = parsingOnly();
      await expect(program.parseAsync(wordsOf(line).slice(1), { from: 'user' })).resolves.toBeDefined();
    });
  }

  it('shows what --help says', () => {
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const { status, stderr } = spawnSync(
      process.execPath,
      [tsx, join(root, 'scripts/readme.ts'), '--check'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('has every exit code, and no other', () => {
    const table = /## Exit codes\n([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
    const codes = [...table.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell = '']) =>
      cell.split(', ').map(Number),
    );
    expect(codes.toSorted((a, b) => a - b)).toEqual(
      [...new Set(Object.values(ExitCode))].toSorted((a, b) => a - b),
    );
  });

  it('links to files and headings that are there', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(5);
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\d -]/gu, '')
        .replaceAll(' ', '-'),
    );
    for (const target of links.filter((link) => !/^https?:/.test(link))) {
      if (target.startsWith('#')) expect(headings).toContain(target.slice(1));
      else expect(existsSync(join(root, target)), target).toBe(true);
    }
  });

  it('names npm scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

/** Every `mcpgw <command> …` of the shell blocks and of the code in sentences and tables. */
function commandLines(): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const inSentences = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`(mcpgw [^`]+)`/g)].map(
    ([, code = '']) => code,
  );
  // A session shows what is typed behind a $, and what is printed.
  const typed = [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line);
  const fromBlocks = [...blocks, ...typed]
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/ +#.*$/, '').trim());
  const isCommand = new RegExp(`mcpgw (?:${NAMES.join('|')})\\b.*$`);
  const found = [...fromBlocks, ...inSentences].flatMap((line) => isCommand.exec(line)?.[0] ?? []);
  return [...new Set(found)];
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

/** The program with commands that do nothing: whatever it does not understand still throws. */
function parsingOnly() {
  const stream = { write: () => true, isTTY: false, columns: 80 };
  const io: Io = {
    env: {},
    cwd: '/',
    argv: [],
    stdout: stream,
    stderr: stream,
    interactive: false,
    signal: new AbortController().signal,
  };
  const program = createProgram(io, () => {});
  for (const command of program.commands) command.action(() => {});
  return program;
}

function commandNames(): string[] {
  return parsingOnly().commands.flatMap((command) => [command.name(), ...command.aliases()]);
}
