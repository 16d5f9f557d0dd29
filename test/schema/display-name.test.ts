import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayName } from '../../src/schema/display-name.ts';

/** Made with Python: separators to spaces, `' '.join(s.split())`, then the real `str.title()`. */
const PYTHON: readonly (readonly [string, string])[] = JSON.parse(
  readFileSync(new URL('display-names.json', import.meta.url), 'utf8'),
);

describe('displayName', () => {
  test(`is what Python makes of ${PYTHON.length} names`, () => {
    expect(PYTHON.length).toBeGreaterThan(20);
    expect(PYTHON.map(([name]) => [name, displayName(name, null)])).toEqual(PYTHON);
  });

  test('does ASCII names by the same rule, letter by letter', () => {
    // The rule in regular expressions; control characters U+001C–1F are white space to Python.
    const byRule = (name: string) =>
      name
        .replaceAll(/[_.-]+/g, ' ')
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
        .split(/[\t-\r\x1c-\x20]+/)
        .filter((word) => word !== '')
        .join(' ')
        .toLowerCase()
        .replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase())
        .slice(0, 255);
    const characters = fc.oneof(
      fc.constantFrom('_', '-', '.', ' ', 'a', 'Z', '9', "'"),
      fc.integer({ min: 1, max: 127 }).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: characters, minLength: 1, maxLength: 300 }), (name) => {
        expect(displayName(name, null)).toBe(byRule(name));
      }),
      { numRuns: 500 },
    );
  });

  test('takes the original name where the custom one is missing or empty', () => {
    expect(displayName(null, 'get_user')).toBe('Get User');
    expect(displayName('', 'get_user')).toBe('Get User');
    expect(displayName('my_tool', 'get_user')).toBe('My Tool');
    expect(displayName(null, null)).toBe('');
  });

  test('holds what the column holds: 255 characters, not UTF-16 units', () => {
    expect(displayName('a'.repeat(300), null)).toBe(`A${'a'.repeat(254)}`);
    const emoji = displayName('🙂'.repeat(300), null);
    expect([...emoji]).toHaveLength(255);
  });
});
