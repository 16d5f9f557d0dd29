import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/errors.ts';
import type {
  CheckReport,
  DatabaseReport,
  ErrorReport,
  Report,
  Section,
  StepReport,
} from '../../src/report/report.ts';
import { arbitraryReport, ERROR_CODES } from './arbitrary-report.ts';
import { dryRun, migrated, refused, withFindings } from './fixtures.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../src/report/report.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

/** For each field whether it must be there, held to the type by the compiler. */
type Fields<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? false : true };

const FIELDS = {
  report: {
    schemaVersion: true,
    tool: true,
    command: true,
    status: true,
    exitCode: true,
    database: true,
    steps: true,
    checks: true,
    sections: true,
    warnings: true,
    error: true,
    next: true,
  } satisfies Fields<Report>,
  tool: { name: true, version: true } satisfies Fields<Report['tool']>,
  database: {
    dialect: true,
    server: true,
    url: true,
    release: true,
    revision: true,
  } satisfies Fields<DatabaseReport>,
  step: {
    id: true,
    title: true,
    status: true,
    rows: true,
    durationMs: true,
    statements: false,
  } satisfies Fields<StepReport>,
  check: {
    id: true,
    title: true,
    level: true,
    status: true,
    count: true,
    findings: true,
    fixable: true,
    hint: true,
    group: false,
    command: false,
    repaired: false,
    remaining: false,
  } satisfies Fields<CheckReport>,
  section: { id: true, title: true, columns: true, rows: true } satisfies Fields<Section>,
  error: { code: true, message: true, hint: true, details: true } satisfies Fields<ErrorReport>,
};

/** A document in which every field, optional ones too, is filled. */
function full() {
  return {
    report: {
      schemaVersion: 1,
      tool: { name: 'mcpgw', version: '0.7.0' },
      command: 'fix',
      status: 'refused',
      exitCode: 2,
      database: { dialect: 'sqlite', server: '', url: '', release: '', revision: '' },
      steps: [{ id: 's', title: 'S', status: 'done', rows: 1, durationMs: 0.5, statements: ['select 1'] }],
      checks: [
        {
          id: 'c',
          title: 'C',
          level: 'info',
          status: 'passed',
          count: 1,
          findings: ['x'],
          fixable: true,
          hint: '',
          group: 'g',
          command: 'c',
          repaired: 1,
          remaining: 0,
        },
      ],
      sections: [{ id: 't', title: 'T', columns: ['a'], rows: [['x'], [1.5]] }],
      warnings: ['w'],
      error: { code: 'USAGE', message: '', hint: '', details: [] },
      next: '',
    } as Record<string, unknown>,
  };
}

type Named = keyof typeof FIELDS;

function part(name: Named, { report }: ReturnType<typeof full>): Record<string, unknown> {
  const first = (list: string) => (report[list] as Record<string, unknown>[])[0]!;
  switch (name) {
    case 'report':
      return report;
    case 'tool':
    case 'database':
    case 'error':
      return report[name] as Record<string, unknown>;
    default:
      return first(`${name}s`);
  }
}

describe('report.schema.json', () => {
  it('accepts a document with every field', () => {
    expect(validate(full().report), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(Object.entries({ migrated, withFindings, refused, dryRun }))(
    'accepts the fixture %s',
    (_, report) => {
      expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    },
  );

  it('accepts every report the types allow', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        expect(validate(JSON.parse(JSON.stringify(report))), JSON.stringify(validate.errors)).toBe(true);
      }),
    );
  });

  for (const [name, fields] of Object.entries(FIELDS) as [Named, Record<string, boolean>][]) {
    it.each(Object.entries(fields))(`${name}.%s is required as the type says: %s`, (field, required) => {
      const document = full();
      const object = part(name, document);
      expect(object).toHaveProperty(field);
      delete object[field];
      expect(validate(document.report)).toBe(!required);
    });

    it(`${name} has no other fields, and each is typed`, () => {
      const document = full();
      const object = part(name, document);
      expect(Object.keys(object).sort()).toEqual(Object.keys(fields).sort());
      object.other = 1;
      expect(validate(document.report)).toBe(false);
      for (const field of Object.keys(fields)) {
        const wrong = full();
        part(name, wrong)[field] = { wrong: true };
        expect(validate(wrong.report), field).toBe(false);
      }
    });
  }

  it.each(['database', 'error'])('%s may be null', (field) => {
    const { report } = full();
    report[field] = null;
    expect(validate(report)).toBe(true);
  });

  it('lists the codes and exit codes of errors.ts', () => {
    expect(schema.$defs.error.properties.code.enum).toEqual(ERROR_CODES);
    expect(schema.properties.exitCode.enum).toEqual(Object.values(ExitCode));
  });
});
