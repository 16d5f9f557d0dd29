import fc from 'fast-check';
import { GROUPS } from '../../src/doctor/check-and-plan.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { CheckReport, Report, StepReport } from '../../src/report/report.ts';

/** Every code there is: a new one in errors.ts is a type error here, and the schema test then asks for it. */
export const ERROR_CODES = Object.keys({
  USAGE: true,
  NODE_VERSION: true,
  NATIVE_MODULE: true,
  SETTINGS: true,
  ENV_FILE: true,
  URL: true,
  SECRET_FILE: true,
  UNREACHABLE: true,
  AUTHENTICATION: true,
  NO_DATABASE: true,
  PERMISSION: true,
  NOT_A_DATABASE: true,
  CORRUPT: true,
  READ_ONLY: true,
  DISK_FULL: true,
  SERVER_VERSION: true,
  BUSY: true,
  STATE: true,
  PREFLIGHT: true,
  CONFIRMATION: true,
  OUTPUT: true,
  CANCELLED: true,
  FAILED: true,
  PARTIAL: true,
  LOCKED: true,
  INTERRUPTED: true,
  TERMINATED: true,
  INTERNAL: true,
} satisfies Record<ErrorCode, true>) as ErrorCode[];

/** Text as a database may hold it: control and bidi characters, lone surrogates, markup, quotes. */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      ...[
        '\u001b',
        '\u0007',
        '\n',
        '\r',
        '\t',
        '\u0000',
        '\u009b',
        '\u202e',
        '\u200b',
        '\u2028',
        '\ud800',
        '\uffff',
      ],
      ...[
        '|',
        '`',
        '<',
        '>',
        '&',
        '"',
        "'",
        '\\',
        '*',
        '_',
        '@',
        '#',
        ']]>',
        '-->',
        ' ',
        'a',
        '7',
        '工',
        '😀',
        'é',
      ],
    ),
    maxLength: 40,
  }),
  fc.lorem({ maxCount: 12 }),
);

const count = fc.nat({ max: 1_000_000_000 });
const texts = fc.array(hostileText, { maxLength: 8 });

const step: fc.Arbitrary<StepReport> = fc.record(
  {
    id: hostileText,
    title: hostileText,
    status: fc.constantFrom('done' as const, 'already', 'planned', 'failed', 'skipped'),
    rows: fc.option(count),
    durationMs: fc.double({ min: 0, max: 1e8, noNaN: true }),
    statements: texts,
  },
  { requiredKeys: ['id', 'title', 'status', 'rows', 'durationMs'] },
);

const check: fc.Arbitrary<CheckReport> = fc.record(
  {
    id: hostileText,
    title: hostileText,
    level: fc.constantFrom('error' as const, 'warning', 'info'),
    status: fc.constantFrom('passed' as const, 'failed', 'warned', 'skipped', 'errored'),
    count,
    findings: texts,
    fixable: fc.boolean(),
    hint: hostileText,
    group: fc.constantFrom(...Object.values(GROUPS)),
    command: hostileText,
    repaired: count,
    remaining: count,
  },
  { requiredKeys: ['id', 'title', 'level', 'status', 'count', 'findings', 'fixable', 'hint'] },
);

const section = fc.nat({ max: 5 }).chain((columns) =>
  fc.record({
    id: hostileText,
    title: hostileText,
    columns: fc.array(hostileText, { minLength: columns, maxLength: columns }),
    rows: fc.array(
      fc.array(fc.oneof(hostileText, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), {
        minLength: columns,
        maxLength: columns,
      }),
      { maxLength: 5 },
    ),
  }),
);

export const arbitraryReport: fc.Arbitrary<Report> = fc.record({
  schemaVersion: fc.constant(1 as const),
  tool: fc.record({ name: fc.constant('mcpgw' as const), version: hostileText }),
  command: hostileText,
  status: fc.constantFrom('ok' as const, 'findings', 'refused', 'partial', 'locked', 'interrupted'),
  exitCode: fc.constantFrom(0 as const, 1, 2, 3, 4, 130, 143),
  database: fc.option(
    fc.record({
      dialect: fc.constantFrom('sqlite' as const, 'postgresql', 'mysql'),
      server: hostileText,
      url: hostileText,
      release: hostileText,
      revision: hostileText,
    }),
  ),
  steps: fc.array(step, { maxLength: 6 }),
  checks: fc.array(check, { maxLength: 6 }),
  sections: fc.array(section, { maxLength: 3 }),
  warnings: texts,
  error: fc.option(
    fc.record({
      code: fc.constantFrom(...ERROR_CODES),
      message: hostileText,
      hint: hostileText,
      details: texts,
    }),
  ),
  next: hostileText,
});

export const arbitraryStyle = fc.record({
  color: fc.boolean(),
  unicode: fc.boolean(),
  width: fc.integer({ min: 40, max: 100 }),
  verbose: fc.boolean(),
  quiet: fc.boolean(),
});
