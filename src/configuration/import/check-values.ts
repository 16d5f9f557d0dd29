import type { Value } from '../../database/value.ts';
import type { Column, ColumnKind } from '../../schema/model.ts';
import type { Problems } from './problems.ts';

/** MySQL takes 100 levels of JSON, others more; what is read here is walked through by functions that call themselves. */
const MOST_LEVELS = 200;
const LARGEST = 2 ** 31 - 1;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/;

/** What a value of each kind of column is in a document, and how that is called. */
const KINDS: Readonly<Record<ColumnKind, readonly [is: (value: unknown) => boolean, called: string]>> = {
  string: [isText, 'a text'],
  text: [isText, 'a text'],
  json: [() => true, 'JSON'],
  boolean: [(value) => typeof value === 'boolean', 'true or false'],
  datetime: [isTime, 'a time as 2026-01-31T12:00:00.000000Z'],
  'naive-datetime': [isTime, 'a time as 2026-01-31T12:00:00.000000Z'],
  integer: [
    (value) => Number.isInteger(value) && Math.abs(value as number) <= LARGEST,
    'a whole number of 32 bits',
  ],
  bigint: [Number.isSafeInteger, 'a whole number'],
  float: [(value) => typeof value === 'number', 'a number'],
  blob: [isBase64, 'bytes in base64'],
  other: [() => true, 'a value'],
  unknown: [() => true, 'a value'],
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
}

function isBase64(value: unknown): boolean {
  return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a value is, for people; never the value itself, which may be a secret. */
export function called(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { object: 'an object', string: 'a text', number: 'a number', boolean: 'true or false' }[
    typeof value as 'object' | 'string' | 'number' | 'boolean'
  ];
}

/** A key of a file as part of a path. */
export const inPath = (key: string): string => (key.length > 60 ? `${key.slice(0, 60)}…` : key);

/** Checks a value against the column it is for. */
export function checkValue(
  wrong: Problems,
  path: string,
  value: unknown,
  { kind, nullable }: Pick<Column, 'kind' | 'nullable'>,
): void {
  if (value === null && (nullable || kind === 'json')) return;
  const [is, name] = KINDS[kind];
  if (!is(value)) wrong.add(path, `it is ${called(value)}, and has to be ${name}`);
  else checkInside(wrong, path, value, 0);
}

/** What no database keeps: text that is no Unicode, and what is nested too deep. Told once for a value. */
function checkInside(wrong: Problems, path: string, value: unknown, level: number): boolean {
  if (typeof value === 'string') {
    if (!/[\ud800-\udfff]/u.test(value)) return true;
    wrong.add(path, 'a text in it is no Unicode (half of a character)');
    return false;
  }
  if (typeof value !== 'object' || value === null) return true;
  if (level === MOST_LEVELS) {
    wrong.add(path, `it is nested deeper than ${MOST_LEVELS} levels`);
    return false;
  }
  return Object.entries(value as Readonly<Record<string, Value>>).every(
    ([key, part]) => checkInside(wrong, path, key, level) && checkInside(wrong, path, part, level + 1),
  );
}
