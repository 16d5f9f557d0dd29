import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Writes what `--help` says into README.md, between `<!-- help: … -->` and `<!-- /help -->`.
// With --check it only tells whether the README is up to date.

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = join(root, 'README.md');

function help(command: string): string {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/cli.js'), ...command.split(' ').filter((word) => word !== ''), '--help'],
    { encoding: 'utf8', env: { ...process.env, COLUMNS: '80', NO_COLOR: '1' } },
  );
  if (status !== 0) throw new Error(`mcpgw ${command} --help failed: ${stderr}`);
  return stdout.trimEnd();
}

const before = readFileSync(readme, 'utf8');
const after = before.replaceAll(
  /(<!-- help:([a-z -]*)-->\n)[\s\S]*?(<!-- \/help -->)/g,
  (_, start: string, command: string, end: string) => `${start}\`\`\`text\n${help(command)}\n\`\`\`\n${end}`,
);
if (process.argv.includes('--check')) {
  if (before !== after) {
    console.error('README.md does not show what --help says. Run: npm run build && npm run readme');
    process.exitCode = 1;
  }
} else writeFileSync(readme, after);
