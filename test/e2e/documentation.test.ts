import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedPages } from '../../scripts/docs/generated-pages.ts';
import { parseOnly } from '../../scripts/docs/parse-only.ts';
import { ExitCode } from '../../src/errors.ts';
import { runSession, sessionsOf, wordsOf } from '../support/documented-sessions.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const PAGES = [
  ...['README.md', 'ARCHITECTURE.md'].filter((file) => existsSync(join(root, file))),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`)
    .sort(),
];
const NAMES = parseOnly().commands.flatMap((command) => [command.name(), ...command.aliases()]);
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
const README = textOf('README.md');

describe('The documentation', () => {
  it('is what the program says of itself (npm run build && npm run readme)', () => {
    for (const [page, text] of generatedPages(root)) expect(textOf(page), page).toBe(text);
  });

  it('has command lines of every command', () => {
    const used = new Set(
      PAGES.flatMap((page) => commandLines(textOf(page)).map((line) => line.split(' ')[1])),
    );
    for (const command of parseOnly().commands) expect(used).toContain(command.name());
  });

  it('names npm scripts that are there', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: object };
    const named = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('names checks that there are', () => {
    const listed = [
      ...`${textOf('docs/doctor.md')}${textOf('docs/commands/verify.md')}`.matchAll(/^\| `(\S+)` \|/gm),
    ];
    const ids = new Set(listed.map(([, id = '']) => id));
    const groups = [...new Set([...ids].map((id) => id.split('.')[0]))].join('|');
    const named = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(new RegExp(`\`((?:${groups})\\.[a-z-]+)\``, 'g'))].map(([, id = '']) => id),
    );
    expect(new Set(named).size).toBeGreaterThan(100);
    expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('names files that are there', () => {
    const named = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/(?<![\w/.-])(?:src|migrations|scripts|test)\/[\w./-]*\w/g)].map(
        ([path]) => path,
      ),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('leads to pages and headings that are there and in the package', () => {
    const { files } = JSON.parse(textOf('package.json')) as { files: string[] };
    const links = PAGES.flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
    ).filter(({ target }) => !/^https?:/.test(target));
    expect(links.length).toBeGreaterThan(30);
    for (const { page, target } of links) {
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      const from = `${target} in ${page}`;
      expect(existsSync(join(root, file)), from).toBe(true);
      expect(
        files.some((packed) => file === packed || file.startsWith(`${packed}/`)),
        `${from}, in the package`,
      ).toBe(true);
      if (heading !== undefined) expect(headings(textOf(file)), from).toContain(heading);
    }
  });

  for (const page of PAGES) {
    for (const line of commandLines(textOf(page))) {
      it(`${line} (${page}) can be run as it stands`, async () => {
        const words = wordsOf(line).slice(1);
        await expect(parseOnly().parseAsync(words, { from: 'user' })).resolves.toBeDefined();
      });
    }

    for (const session of sessionsOf(textOf(page))) {
      const lines = session.commands.map(({ line }) => line).join(', then ');
      it(`${lines} (${page}) prints what is shown`, async () => {
        for (const { shown, printed } of await runSession(session)) {
          let rest = printed;
          for (const fragment of shown) {
            expect(rest).toContain(fragment);
            rest = rest.slice(rest.indexOf(fragment) + fragment.length);
          }
        }
      });
    }
  }
});

describe('README.md', () => {
  it('is short enough to find something in', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(250);
  });

  it('has every exit code, and no other', () => {
    const table = /## Exit codes\n([\s\S]*?)\n## /.exec(README)?.[1] ?? '';
    const codes = [...table.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, cell = '']) =>
      cell.split(', ').map(Number),
    );
    expect(codes.toSorted((a, b) => a - b)).toEqual(
      [...new Set(Object.values(ExitCode))].toSorted((a, b) => a - b),
    );
  });

  it('explains errors that the program has', () => {
    const table = /<!-- errors -->\n([\s\S]*?)<!-- \/errors -->/.exec(README)?.[1] ?? '';
    const errors = table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) => row.split(' | ')[0]?.replace('| ', '') ?? '');
    expect(errors.length).toBeGreaterThan(20);
    const source = sourceText();
    const parts = errors.flatMap((error) => error.split('…').map((part) => part.trim()));
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});

/** Everything in `src`; a text in two parts is put together, and a variable in it is a space. */
function sourceText(): string {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => textOf(`src/${file}`))
    .join('\n')
    .replaceAll(/['`"] \+\s+['`"]/g, '');
}

/** Every `mcpgw <command> …` of the shell blocks, of YAML, and of the code in sentences and tables. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const inSentences = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`(mcpgw [^`]+)`/g)].map(
    ([, code = '']) => code,
  );
  // A session shows what is typed behind a $, and what is printed.
  const typed = [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line);
  const inYaml = [...text.matchAll(/command: \[(mcpgw, .*)\]/g)].map(([, words = '']) =>
    words.replaceAll(', ', ' '),
  );
  const fromBlocks = [...blocks, ...typed]
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) =>
      line
        .replace(/ +#.*$/, '')
        .replace(/ \| .*$/, '')
        .trim(),
    );
  const isCommand = new RegExp(`mcpgw (?:${NAMES.join('|')})\\b.*$`);
  const found = [...fromBlocks, ...inSentences, ...inYaml].flatMap((line) => isCommand.exec(line)?.[0] ?? []);
  return [...new Set(found)];
}

/** As GitHub makes links of them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\d_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
