import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/report/display-width.ts';
import { duration } from '../../src/report/duration.ts';
import { thousands } from '../../src/report/thousands.ts';
import { wrap } from '../../src/report/wrap.ts';
import { wrapStatement } from '../../src/report/wrap-statement.ts';

describe('duration', () => {
  it.each([
    [-5, '0 ms'],
    [0.2, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3449, '3.4 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 00 s'],
    [65_000, '1 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [7_620_000, '2 h 07 min'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('thousands', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [-1234567, '-1,234,567'],
    [-100, '-100'],
    [1234.5678, '1,234.5678'],
  ])('%d is %s', (value, text) => {
    expect(thousands(value)).toBe(text);
  });
});

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    ['工具', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['ｱ', 1],
    ['한국', 4],
    ['✔', 1],
  ])('%s takes %d', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('wrap', () => {
  it('keeps long words whole, or cuts them', () => {
    expect(wrap('see /a/very/long/path now', 8)).toEqual(['see', '/a/very/long/path', 'now']);
    expect(wrap('see /a/very/long/path now', 8, 'cut')).toEqual(['see', '/a/very/', 'long/pat', 'h now']);
  });

  it('never loses a character but spaces, and never exceeds the width when cutting', () => {
    fc.assert(
      fc.property(fc.lorem(), fc.integer({ min: 2, max: 60 }), (text, width) => {
        const lines = wrap(text, width, 'cut');
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('wrapStatement', () => {
  it('breaks at white space outside quotes only, indents, and ends with a semicolon', () => {
    expect(wrapStatement("insert into t\n  values ('a long text, it''s here', `b c`)", 24)).toEqual([
      'insert into t values',
      "  ('a long text, it''s here',",
      '  `b c`);',
    ]);
  });

  it('keeps the lines of a statement with comments', () => {
    expect(wrapStatement('-- why\nselect 1;', 80)).toEqual(['-- why', 'select 1;']);
  });

  it('makes line breaks inside quotes visible', () => {
    expect(wrapStatement("select 'a\n\u001b[2J'", 80)).toEqual(["select 'a\\n\\x1b[2J';"]);
  });
});
