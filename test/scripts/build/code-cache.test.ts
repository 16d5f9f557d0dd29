import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { readCodeCache, writeCodeCache } from '../../../scripts/build/code-cache.ts';
import { compiledScript, WRAPPER } from '../../../scripts/build/compiled-script.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TEXT = WRAPPER.join('module.exports.twice = (n) => 2 * n;');

function scriptWithCache() {
  const folder = temporaryFolder();
  const file = join(folder, 'program.js');
  writeFileSync(file, TEXT);
  writeCodeCache(file, new Script(TEXT).createCachedData());
  const [cache = ''] = readdirSync(folder).filter((name) => name.endsWith('.cache'));
  return { file, cache: join(folder, cache) };
}

test('a script runs from its code cache', () => {
  const { file } = scriptWithCache();
  const { script, exports } = compiledScript<{ twice: (n: number) => number }>(file);
  expect(script.cachedDataRejected).toBe(false);
  expect(exports.twice(21)).toBe(42);
});

test('without one it is compiled', () => {
  const file = join(temporaryFolder(), 'program.js');
  writeFileSync(file, TEXT);
  const { script, exports } = compiledScript<{ twice: (n: number) => number }>(file);
  expect(script.cachedDataRejected).toBeUndefined();
  expect(exports.twice(21)).toBe(42);
});

// V8 itself would crash, or run something else.
test.each([
  [
    'changed by one bit',
    (bytes: Buffer) => bytes.with(bytes.length >> 1, (bytes.at(bytes.length >> 1) ?? 0) ^ 1),
  ],
  ['cut short', (bytes: Buffer) => bytes.subarray(0, -8)],
  ['emptied', () => new Uint8Array()],
  [
    'made by a Node built otherwise',
    (bytes: Buffer) => {
      const data = bytes.subarray(32);
      return Buffer.concat([createHash('sha256').update('{}').update(data).digest(), data]);
    },
  ],
])('a cache that was %s is not used', (_, spoil) => {
  const { file, cache } = scriptWithCache();
  expect(readCodeCache(file)).toBeDefined();
  writeFileSync(cache, spoil(readFileSync(cache)));
  expect(readCodeCache(file)).toBeUndefined();
  expect(compiledScript<{ twice: (n: number) => number }>(file).exports.twice(21)).toBe(42);
});
