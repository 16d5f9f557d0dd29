import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderJunit } from '../../src/report/format/junit.ts';
import { arbitraryReport } from './arbitrary-report.ts';
import { dryRun, migrated, refused, reportWith, withFindings } from './fixtures.ts';

/** The characters of XML 1.0, section 2.2. */
const XML = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const TAG = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/y;
const TEXT = /(?:[^<>&]|&(?:amp|lt|gt|quot|apos);)+/y;

/** Throws unless the document is well-formed; counts its elements. */
function parse(xml: string): Record<string, number> {
  if (!XML.test(xml)) throw new Error('characters XML forbids');
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error('no declaration');
  const open: string[] = [];
  const counts: Record<string, number> = {};
  for (let at = declaration.length; at < xml.length; ) {
    TAG.lastIndex = at;
    TEXT.lastIndex = at;
    const tag = TAG.exec(xml);
    if (tag !== null) {
      const [, close, name = '', attributes = '', empty] = tag;
      if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(attributes)) throw new Error(`attributes at ${at}`);
      if (close) {
        if (open.pop() !== name) throw new Error(`unexpected </${name}>`);
      } else {
        counts[name] = (counts[name] ?? 0) + 1;
        if (!empty) open.push(name);
      }
      at = TAG.lastIndex;
    } else if (TEXT.exec(xml) !== null) {
      at = TEXT.lastIndex;
    } else {
      throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 40)}`);
    }
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join()}`);
  return counts;
}

describe('junit', () => {
  it('has a case for each check, and says which failed, crashed or were skipped', () => {
    const xml = renderJunit(withFindings);
    expect(xml).toMatchSnapshot();
    expect(parse(xml)).toMatchObject({ testsuite: 1, testcase: 6, failure: 1, error: 1, skipped: 1 });
  });

  it('has a case for each step', () => {
    expect(parse(renderJunit(migrated)).testcase).toBe(migrated.steps.length + migrated.checks.length);
    expect(parse(renderJunit(dryRun))).toMatchObject({ testcase: 3, skipped: 2 });
  });

  it('makes an error of the command a case', () => {
    const xml = renderJunit(refused);
    expect(xml).toContain('tests="1" failures="0" errors="1"');
    expect(xml).toContain('<error message="SETTINGS: 3 settings cannot be used" type="command error">');
    expect(xml).toContain('got &quot;64MB&quot;');
  });

  it('gives a report without cases one', () => {
    expect(parse(renderJunit(reportWith({}))).testcase).toBe(1);
  });

  it('notices a document that is not well-formed', () => {
    const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
    expect(() => parse(`${head}<a b="&x"/>`)).toThrow('attributes');
    expect(() => parse(`${head}<a>&</a>`)).toThrow('not well-formed');
    expect(() => parse(`${head}<a>\u0000</a>`)).toThrow('forbids');
    expect(() => parse(`${head}<a>`)).toThrow('not closed');
  });

  it('is well-formed whatever the data, and red whenever the run was not ok', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        const counts = parse(renderJunit(report));
        const bad = (counts.failure ?? 0) + (counts.error ?? 0);
        if (report.status !== 'ok') expect(bad).toBeGreaterThan(0);
        expect(counts.testcase).toBeGreaterThan(0);
      }),
    );
  });
});
