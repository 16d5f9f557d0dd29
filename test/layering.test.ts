import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** From the bottom up: a folder imports from its own row and from rows before it, types as well. */
const LAYERS = [
  ['ciphers', 'salvage'],
  ['report'],
  ['files'],
  ['settings'],
  ['schema'],
  ['database'],
  ['ownership'],
  ['seed'],
  ['change', 'migrate', 'migrations'],
  ['accounts'],
  ['backup'],
  ['checks', 'doctor', 'configuration', 'assign'],
  ['commands'],
];

/** Paths of the files that each file imports. */
const IMPORTS = new Map(
  ['src', 'migrations']
    .flatMap((root) => readdirSync(root, { recursive: true }).map((path) => join(root, String(path))))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const imported = readFileSync(path, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)'/g);
      return [path, [...imported].map(([, to = '']) => join(dirname(path), to))] as const;
    }),
);

it('no folder imports from one above it', () => {
  const folderOf = (path: string) => /^(?:src\/)?(\w+)\//.exec(path)?.[1] ?? '';
  const layerOf = (path: string) => LAYERS.findIndex((row) => row.includes(folderOf(path)));
  // Files beside the folders are the program's beginning, or what all use.
  const inFolders = (path: string) => !/^src\/[^/]+$/.test(path);
  const upward = [...IMPORTS].flatMap(([from, to]) =>
    to
      .filter((path) => inFolders(from) && inFolders(path) && layerOf(path) > layerOf(from))
      .map((path) => `${from} → ${path}`),
  );
  expect(upward).toEqual([]);
  expect([...IMPORTS.keys()].filter((path) => inFolders(path) && layerOf(path) < 0)).toEqual([]);
});

it('no files import one another in a circle', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (path: string, above: readonly string[]) => {
    if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(' → '));
    if (done.has(path) || above.includes(path)) return;
    for (const to of IMPORTS.get(path) ?? []) walk(to, [...above, path]);
    done.add(path);
  };
  for (const path of IMPORTS.keys()) walk(path, []);
  expect(circles).toEqual([]);
});
