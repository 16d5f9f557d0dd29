import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detectStyle, type StyleSource } from '../../src/report/style.ts';

function detect(source: Partial<StyleSource>) {
  return detectStyle({ env: { LANG: 'C.UTF-8' }, isTTY: true, columns: 80, flags: {}, ...source });
}

describe('detectStyle', () => {
  it('shows colour, marks and the width of a terminal', () => {
    expect(detect({})).toEqual({ color: true, unicode: true, width: 80, verbose: false, quiet: false });
  });

  it.each<[string, Partial<StyleSource>, boolean]>([
    ['piped', { isTTY: false }, false],
    ['--no-color', { flags: { color: false } }, false],
    ['--no-color against FORCE_COLOR', { flags: { color: false }, env: { FORCE_COLOR: '1' } }, false],
    ['NO_COLOR', { env: { NO_COLOR: '1' } }, false],
    ['NO_COLOR=0, which is not empty', { env: { NO_COLOR: '0' } }, false],
    ['empty NO_COLOR', { env: { NO_COLOR: '' } }, true],
    ['NO_COLOR against FORCE_COLOR', { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['FORCE_COLOR when piped', { isTTY: false, env: { FORCE_COLOR: '3' } }, true],
    ['FORCE_COLOR=true when piped', { isTTY: false, env: { FORCE_COLOR: 'true' } }, true],
    ['FORCE_COLOR=0 on a terminal', { env: { FORCE_COLOR: '0' } }, false],
    ['FORCE_COLOR=false on a terminal', { env: { FORCE_COLOR: 'false' } }, false],
    ['empty FORCE_COLOR when piped', { isTTY: false, env: { FORCE_COLOR: '' } }, false],
    ['TERM=dumb', { env: { TERM: 'dumb' } }, false],
    ['FORCE_COLOR on TERM=dumb', { env: { TERM: 'dumb', FORCE_COLOR: '1' } }, true],
  ])('%s', (_, source, color) => {
    expect(detect(source).color).toBe(color);
  });

  it.each<[StyleSource['env'], boolean]>([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, true],
    [{}, false],
    [{ WT_SESSION: '1' }, true],
    [{ LANG: 'en_US.UTF-8', TERM: 'dumb' }, false],
  ])('marks with %j', (env, unicode) => {
    expect(detect({ env }).unicode).toBe(unicode);
  });

  it.each([
    [undefined, 100],
    [0, 100],
    [20, 40],
    [72, 72],
    [250, 100],
  ])('%s columns are %s', (columns, width) => {
    expect(detect({ columns }).width).toBe(width);
  });

  it('does not load chalk', () => {
    const source = readFileSync(new URL('../../src/report/style.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import/m);
  });
});
