import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slugify } from '../../src/seed/slugify.ts';

describe('slugify', () => {
  test.each([
    ["Dana O'Neil's Team", 'dana-oneils-team'],
    ['Café & Restaurant', 'cafe-restaurant'],
    ['Zürich', 'zurich'],
    ['---test---', 'test'],
    ["Don't Stop", 'dont-stop'],
    ['snake_case_name', 'snake-case-name'],
    ['a__b--c  d', 'a-b-c-d'],
    ['Æther ß Øre', 'aether-ss-ore'],
    ['ﬁne', 'fine'],
    ["'quoted'", 'quoted'],
    ['日本', ''],
    ['v1.2.3', 'v1-2-3'],
    ['', ''],
    ['²x', '2x'],
  ])('%s → %s', (text, slug) => {
    expect(slugify(text, '-')).toBe(slug);
  });

  test('uses the separator it is given', () => {
    expect(slugify('A tool & more', '_')).toBe('a_tool_more');
    expect(slugify('A tool & more', '__')).toBe('a__tool__more');
  });

  test('a slug is its own slug, is ASCII, and has no separator at its ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB0 _-\'"é&ß.\u00a0') }), (text) => {
        const slug = slugify(text, '-');
        expect(slug).toMatch(/^[\x21-\x7e]*$/);
        expect(slug).not.toMatch(/^-|-$|--/);
        expect(slugify(slug, '-')).toBe(slug);
      }),
    );
  });

  test('is ASCII whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(slugify(text, '-')).toMatch(/^[\0-\x7f]*$/);
      }),
    );
  });
});
