import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../src/report/report.ts';

// Writes what `--help` says into README.md, between `<!-- help:… -->` and `<!-- /help -->`, and the list of checks
// between `<!-- checks -->` and `<!-- /checks -->`, and that of the doctor's examinations in the same way.
// With --check it only tells whether the README is up to date.

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = join(root, 'README.md');

function mcpgw(args: readonly string[]): string {
  const { stdout, status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '80', NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(`mcpgw ${args.join(' ')} failed: ${stderr}`);
  return stdout.trimEnd();
}

const help = (command: string) => mcpgw([...command.split(' ').filter((word) => word !== ''), '--help']);

function checks(): string {
  const { sections } = JSON.parse(mcpgw(['verify', '--list', '--format', 'json'])) as Report;
  const rows = (sections[0]?.rows ?? []).map(([id, level, repair, title]) => {
    return `| \`${id}\` | ${level} | ${repair === 'fix' ? 'yes' : ''} | ${title} |`;
  });
  return ['| check | level | `fix` repairs it | what it checks |', '|---|---|---|---|', ...rows].join('\n');
}

function examinations(): string {
  const { sections } = JSON.parse(mcpgw(['doctor', '--list', '--format', 'json'])) as Report;
  const rows = (sections[0]?.rows ?? []).map(([id, on, level, repair, title]) => {
    return `| \`${id}\` | ${on} | ${level} | ${repair} | ${title} |`;
  });
  return [
    '| finding | database | level | `--repair` | what is so when nothing is found |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const before = readFileSync(readme, 'utf8');
const withHelp = before.replaceAll(
  /(<!-- help:([a-z -]*)-->\n)[\s\S]*?(<!-- \/help -->)/g,
  (_, start: string, command: string, end: string) => `${start}\`\`\`text\n${help(command)}\n\`\`\`\n${end}`,
);
const after = withHelp
  .replace(
    /(<!-- checks -->\n)[\s\S]*?(<!-- \/checks -->)/,
    (_, start: string, end: string) => `${start}${checks()}\n${end}`,
  )
  .replace(
    /(<!-- examinations -->\n)[\s\S]*?(<!-- \/examinations -->)/,
    (_, start: string, end: string) => `${start}${examinations()}\n${end}`,
  );
if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('README.md does not show what --help says. Run: npm run build && npm run readme');
    process.exitCode = 1;
  }
} else writeFileSync(readme, after);
