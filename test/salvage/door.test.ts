import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');
const SALVAGE = join(SRC, 'salvage');
const DOOR = join(SALVAGE, 'index.ts');

/** The files that a file of `src` and `migrations` imports by a path, as types, too. */
function importsOf(file: string): readonly string[] {
  const imports = readFileSync(file, 'utf8').matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g);
  return [...imports].map(([, path = '']) => resolve(dirname(file), path));
}

const isInside = (file: string) => file.startsWith(`${SALVAGE}/`);

const imports = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name))
  .flatMap((file) => importsOf(file).map((to) => ({ file, to, text: `${relative(SRC, file)} → ${to}` })));

test('the salvage imports nothing of the rest of this program', () => {
  const ours = imports.filter(({ file }) => isInside(file));
  expect(ours.length).toBeGreaterThan(20);
  expect(ours.filter(({ to }) => !isInside(to)).map(({ text }) => text)).toEqual([]);
});

test('the rest of this program imports nothing of the salvage but its door', () => {
  const theirs = imports.filter(({ file, to }) => !isInside(file) && isInside(to));
  expect(theirs.length).toBeGreaterThan(5);
  expect(theirs.filter(({ to }) => to !== DOOR).map(({ text }) => text)).toEqual([]);
});
