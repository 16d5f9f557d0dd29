import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RENDERERS } from '../../src/report/render.ts';
import { arbitraryReport, arbitraryStyle } from './arbitrary-report.ts';
import { plainStyle, refused } from './fixtures.ts';

describe('json', () => {
  it('is the report, indented, with a newline at the end', () => {
    expect(RENDERERS.json(refused)).toBe(`${JSON.stringify(refused, null, 2)}\n`);
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        expect(JSON.parse(RENDERERS.json(report))).toEqual(JSON.parse(JSON.stringify(report)));
      }),
    );
  });
});

describe('every renderer', () => {
  it.each(Object.entries(RENDERERS))(
    '%s does not change the report and gives the same text twice',
    (_, render) => {
      fc.assert(
        fc.property(arbitraryReport, arbitraryStyle, (report, style) => {
          const before = structuredClone(report);
          expect(render(report, style)).toBe(render(report, style));
          expect(report).toEqual(before);
        }),
        { numRuns: 30 },
      );
    },
  );

  it.each(Object.entries(RENDERERS))('%s ends with exactly one newline', (_, render) => {
    expect(render(refused, plainStyle)).toMatch(/[^\n]\n$/);
  });
});
