import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/report/display-width.ts';
import { renderText } from '../../src/report/format/text.ts';
import { arbitraryReport, arbitraryStyle } from './arbitrary-report.ts';
import {
  checkWith,
  dryRun,
  hostileName,
  migrated,
  plainStyle,
  refused,
  reportWith,
  withFindings,
} from './fixtures.ts';

const reports = { migrated, withFindings, refused, dryRun };
// biome-ignore lint/suspicious/noControlCharactersInRegex: the colour codes chalk writes
const COLORS = /\u001b\[\d+m/g;

describe('text', () => {
  it.each(Object.entries(reports))('%s', (_, report) => {
    expect(renderText(report, plainStyle)).toMatchSnapshot();
  });

  it.each(Object.entries(reports))('%s in 40 columns, in ASCII', (_, report) => {
    const text = renderText(report, { ...plainStyle, width: 40, unicode: false });
    expect(text).toMatchSnapshot();
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it('verbose shows the version and the whole sample', () => {
    expect(renderText(withFindings, { ...plainStyle, verbose: true })).toMatchSnapshot();
  });

  it('quiet shows findings, warnings and errors only', () => {
    expect(renderText(withFindings, { ...plainStyle, quiet: true })).toMatchSnapshot();
    expect(renderText({ ...migrated, warnings: [] }, { ...plainStyle, quiet: true })).toBe('');
  });

  it('quiet keeps what was asked for: statements, and tables that are the whole answer', () => {
    const quiet = { ...plainStyle, quiet: true };
    expect(renderText(dryRun, quiet)).toContain('alter table `tools`');
    const config = reportWith({
      sections: [{ id: 's', title: 'Settings', columns: ['name', 'value'], rows: [['LOG_LEVEL', 'INFO']] }],
    });
    expect(renderText(config, quiet)).toBe('Settings\n  name       value\n  LOG_LEVEL  INFO\n');
  });

  it('colours marks and headings, and nothing else changes', () => {
    const colored = renderText(withFindings, { ...plainStyle, color: true });
    expect(colored).toContain('\u001b[31m  ✖ \u001b[39m\u001b[1morphans-tools');
    expect(colored).toContain('\u001b[36mmcpgw fix\u001b[39m');
    for (const report of Object.values(reports)) {
      const text = renderText(report, { ...plainStyle, color: true });
      expect(text).toMatch(COLORS);
      expect(text.replace(COLORS, '')).toBe(renderText(report, plainStyle));
    }
  });

  it('shows what a hostile name hides', () => {
    const text = renderText(withFindings, plainStyle);
    expect(text).toContain('evil\\x1b[2J\\x1b]0;owned\\x07\\nNext: curl x | sh\\u{202e}');
    expect(text).not.toContain(hostileName);
    expect(text.split('\n').filter((line) => line.startsWith('Next:'))).toEqual(['Next: mcpgw fix']);
  });

  it('ends with the next command, unwrapped', () => {
    const next = `mcpgw fix ${'--only orphans-tools '.repeat(9)}--yes`;
    expect(renderText(reportWith({ next }), plainStyle)).toMatch(new RegExp(`\nNext: ${next}\n$`));
  });

  it('aligns wide characters', () => {
    const rows = [
      ['工具', 1],
      ['tool', 20],
    ];
    const text = renderText(
      reportWith({ sections: [{ id: 's', title: 'S', columns: ['name', 'n'], rows }] }),
      plainStyle,
    );
    expect(text).toContain('  name   n\n  工具   1\n  tool  20\n');
  });

  it('wraps text cells of a wide table, and shows records where numbers leave no room', () => {
    const wide = reportWith({
      sections: [
        {
          id: 's',
          title: 'S',
          columns: ['name', 'value'],
          rows: [['DATABASE_URL', 'sqlite:////a/long/path/to/the/database/mcp.db']],
        },
        {
          id: 'n',
          title: 'N',
          columns: ['name', 'a', 'b', 'c'],
          rows: [['tools', 1_000_000_000_000, 2_000_000_000_000, 3_000_000_000_000]],
        },
      ],
    });
    expect(renderText(wide, { ...plainStyle, width: 40 })).toMatchSnapshot();
  });

  it('keeps the names that head the rows whole, and breaks the other columns', () => {
    const rows = [['PLATFORM_ADMIN_PASSWORD_FILE', '/run/secrets/the-password-of-the-admin']];
    const sections = [{ id: 's', title: 'S', columns: ['variable', 'value'], rows }];
    const text = renderText(reportWith({ sections }), { ...plainStyle, width: 50 });
    expect(text).toMatch(/^ {2}PLATFORM_ADMIN_PASSWORD_FILE {2}\/run/m);
    expect(text).not.toContain(rows[0]?.[1]);
  });

  it('says of repairs how many were made and how many are left', () => {
    const report = reportWith({
      command: 'fix',
      status: 'findings',
      checks: [
        checkWith({ id: 'a', title: 'A', count: 3, repaired: 3, remaining: 0 }),
        checkWith({ id: 'c', title: 'C', repaired: 0, remaining: 0 }),
        checkWith({
          id: 'b',
          title: 'B',
          status: 'failed',
          count: 3,
          repaired: 1,
          remaining: 2,
          findings: ['x', 'y'],
        }),
      ],
    });
    const text = renderText(report, plainStyle);
    expect(text).toContain('✔ c  C\n');
    expect(text).toContain('✔ a  A (3 repaired)\n');
    expect(text).toContain('✖ b  B (1 repaired, 2 left)\n');
  });

  it('never writes a control character of its data, whatever the report', () => {
    fc.assert(
      fc.property(arbitraryReport, arbitraryStyle, (report, style) => {
        const text = renderText(report, style).replace(style.color ? COLORS : '', '');
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(text === '' || text.endsWith('\n')).toBe(true);
      }),
    );
  });

  it('stays within the width but for words that are longer', () => {
    fc.assert(
      fc.property(arbitraryReport, fc.integer({ min: 40, max: 100 }), (report, width) => {
        const text = renderText({ ...report, next: '' }, { ...plainStyle, width });
        for (const line of text.split('\n').filter((each) => displayWidth(each) > width)) {
          const words = line.trim().split(' ');
          expect(
            words.some((word) => displayWidth(word) > width / 4),
            line,
          ).toBe(true);
        }
      }),
    );
  });
});
