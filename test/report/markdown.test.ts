import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMarkdown } from '../../src/report/format/markdown.ts';
import { markdownCode, markdownText } from '../../src/report/markdown-escape.ts';
import { arbitraryReport, arbitraryStyle, hostileText } from './arbitrary-report.ts';
import { dryRun, migrated, plainStyle, refused, reportWith, withFindings } from './fixtures.ts';

describe('markdown', () => {
  it.each(Object.entries({ withFindings, refused, dryRun }))('%s', (_, report) => {
    expect(renderMarkdown(report, plainStyle)).toMatchSnapshot();
  });

  it('leaves out passed checks, steps and tables when quiet', () => {
    const text = renderMarkdown({ ...migrated, warnings: ['Look'] }, { ...plainStyle, quiet: true });
    expect(text).toContain('- Look');
    expect(text).not.toContain('|');
  });

  it('aligns numbers right and keeps cells in their columns', () => {
    const sections = [
      { id: 's', title: 'S', columns: ['a|b', 'n'], rows: [['x | `y`\nz', 1234] as (string | number)[]] },
    ];
    expect(renderMarkdown(reportWith({ sections }), plainStyle)).toContain(
      '| a\\|b | n |\n| --- | ---: |\n| x \\| \\`y\\`\\\\nz | 1,234 |\n',
    );
  });

  it('puts statements in a fence they cannot close', () => {
    const steps = [
      {
        id: 's',
        title: 'S',
        status: 'planned' as const,
        rows: null,
        durationMs: 0,
        statements: ['select 1 -- ````'],
      },
    ];
    expect(renderMarkdown(reportWith({ steps }), plainStyle)).toContain(
      '`````sql\nselect 1 -- ````;\n`````\n',
    );
  });

  it('never passes a control character on, whatever the report', () => {
    fc.assert(
      fc.property(arbitraryReport, arbitraryStyle, (report, style) => {
        const text = renderMarkdown(report, style);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('gives every table row as many cells as its head, whatever the data', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        const blocks = renderMarkdown({ ...report, steps: [] }, plainStyle)
          .trimEnd()
          .split('\n\n');
        for (const block of blocks.filter((each) => each.startsWith('| '))) {
          const bars = block
            .split('\n')
            .map((line) => line.match(/(?:\\.|[^|\\])+|\|/g)!.filter((x) => x === '|').length);
          expect(new Set(bars).size, block).toBe(1);
        }
      }),
    );
  });
});

describe('markdownText', () => {
  it.each([
    ['a*b_c`d', 'a\\*b\\_c\\`d'],
    ['<img src=x> & [x](y)', '&lt;img src=x&gt; &amp; \\[x\\](y)'],
    ['ask @admin, (@team)', 'ask @&#8203;admin, (@&#8203;team)'],
    ['admin@acme.example', 'admin@acme.example'],
    ['see #12', 'see #&#8203;12'],
    ['# title', '\\# title'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['0.7.0', '0.7.0'],
    ['a\nb', 'a\\\\nb'],
  ])('%j', (text, escaped) => {
    expect(markdownText(text)).toBe(escaped);
  });

  it('leaves no markup', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const rest = markdownText(text)
          .replace(/\\[\\`*_[\]|~$.)+#=-]/g, '')
          .replace(/&(?:amp|lt|gt|#8203);/g, '');
        expect(rest).not.toMatch(/[\\`*_[\]|<>&\n]/);
      }),
    );
  });
});

describe('markdownCode', () => {
  it.each([
    ['plain', '`plain`'],
    ['a `b` c', '`` a `b` c ``'],
    ['```', '```` ``` ````'],
    ['', ''],
    ['a\nb', '`a\\nb`'],
  ])('%j', (text, code) => {
    expect(markdownCode(text)).toBe(code);
  });
});
