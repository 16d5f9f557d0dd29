import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedPages } from './docs/generated-pages.ts';

// Writes what the program says of itself into the documentation: the pages of the commands, and the tables of
// commands, checks and settings. With --check it only tells what is out of date, and ends with 1.

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

mkdirSync(join(root, 'docs/commands'), { recursive: true });
for (const [page, text] of generatedPages(root)) {
  const file = join(root, page);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
  if (before === text) continue;
  if (check) {
    console.error(`${page} is not what the program says. Run: npm run build && npm run readme`);
    process.exitCode = 1;
  } else if (text === null) rmSync(file);
  else writeFileSync(file, text);
}
