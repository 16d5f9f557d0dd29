import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../src/report/printable.ts';
import { hostileText } from './arbitrary-report.ts';

describe('printable', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u0000\u007f\u009b', '\\x00\\x7f\\x9b'],
    ['abc\u202ecba', 'abc\\u{202e}cba'],
    ['\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['to\u200bol', 'to\\u{200b}ol'],
    ['a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['\ud800x', '\\u{d800}x'],
    ['\ufeff\uffff', '\\u{feff}\\u{ffff}'],
    ['a\u{e0041}', 'a\\u{e0041}'],
    ['\u3164', '\\u{3164}'],
  ])('shows %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(['search', 'Größe', '工具', 'ابحث', '😀', '❤️', 'C:\\tools', 'e\u0301'])(
    'leaves %s as it is',
    (text) => {
      expect(printable(text)).toBe(text);
    },
  );

  it('leaves nothing a terminal would interpret, and is stable', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});
