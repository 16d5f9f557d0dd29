import type { Column, ColumnKind } from '../schema/model.ts';
import { ExactNumber, exactNumber, inOrder, jsonText, parseJson, type Value } from './value.ts';

/** A column, of the kind that the gateway takes it for, of the type that the database has given it. */
export type ValueColumn = Pick<Column, 'name' | 'kind' | 'type' | 'nullable'>;

/**
 * How values are read and written, so that they mean the same in every database. Read is with `read`, since
 * drivers have ideas of their own: milliseconds for times, objects for JSON, numbers for what is larger than them.
 */
export interface RowValues {
  /** SQL for the value of a column as `fromRow` takes it. */
  read(column: ValueColumn): string;
  /**
   * SQL for one text, the JSON of a list of the values of columns that are no `float`: much faster to read than as many
   * values. It fails where one of another kind has bytes. Null where a server does not make long texts.
   */
  readonly together: ((columns: readonly ValueColumn[]) => string) | null;
  /**
   * What makes a value of what the driver gave for a column. JSON comes parsed, its keys in order, SQL NULL and `null`
   * both as null, and what is no JSON (or nested absurdly deep) as `{"$text": …}`; a time that is none, and all else
   * that does not fit its column, as it is.
   */
  reader(column: ValueColumn): (value: unknown) => Value;
  /** The same for one value. */
  fromRow(column: ValueColumn, value: unknown): Value;
  /** The parameter that writes a value; the reverse of `fromRow`. */
  toParameter(column: ValueColumn, value: Value): unknown;
  /** What `fromRow` gives once this value was written: MySQL keeps no fraction of a second that its column has not. */
  held(column: ValueColumn, value: Value): Value;
}

/** What differs between databases in that. */
interface Differences extends Pick<RowValues, 'read' | 'together'> {
  /** A time of the database's, of its date, its time, and the six digits of its fraction. */
  time(date: string, time: string, fraction: string): string;
  /** Digits of a second's fraction that a column of times keeps. */
  fraction(column: ValueColumn): number;
  boolean(value: boolean): unknown;
}

export function rowValues(of: Differences): RowValues {
  const held = (column: ValueColumn, value: Value): Value => {
    const time = isTime(column) ? timeParts(value) : null;
    if (time === null) return value;
    const kept = time.fraction.slice(0, of.fraction(column)).padEnd(6, '0');
    return isoTime({ ...time, fraction: kept });
  };
  return {
    read: of.read,
    together: of.together,
    reader,
    held,
    fromRow: (column, value) => reader(column)(value),
    toParameter(column, value) {
      if (column.kind === 'json') return jsonParameter(column, value);
      if (value === null) return null;
      if (column.kind === 'blob') return Buffer.from(String(value), 'base64');
      const time = isTime(column) ? timeParts(held(column, value)) : null;
      if (time !== null) return of.time(time.date, time.time, time.fraction);
      if (typeof value === 'boolean') return of.boolean(value);
      if (column.kind === 'float' && UNUSUAL.has(String(value))) return Number(value);
      if (value instanceof ExactNumber) return value.digits;
      return typeof value === 'object' ? jsonText(value) : value;
    },
  };
}

const UNUSUAL: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Of each kind, what makes a value of the driver's, which is neither null nor bytes. */
const READERS: Readonly<Partial<Record<ColumnKind, (value: unknown) => Value>>> = {
  json: (value) => (typeof value === 'string' ? jsonFrom(value) : inOrder(value as Value)),
  boolean: (value) => (value === 0 || value === 1 ? value === 1 : (value as Value)),
  datetime: timeFrom,
  'naive-datetime': timeFrom,
  integer: numberFrom,
  bigint: numberFrom,
  float: numberFrom,
  // In hexadecimal, where it is not bytes.
  blob: (value) => Buffer.from(String(value), 'hex').toString('base64'),
};

function reader({ kind }: ValueColumn): (value: unknown) => Value {
  const read = READERS[kind] ?? ((value: unknown) => value as Value);
  return (value) => {
    if (value === null || value === undefined) return null;
    if (!(value instanceof Uint8Array)) return read(value);
    const bytes = Buffer.from(value);
    return kind === 'blob' ? bytes.toString('base64') : read(bytes.toString());
  };
}

function timeFrom(value: unknown): Value {
  const time = timeParts(value as Value);
  return time === null ? (value as Value) : isoTime(time);
}

function numberFrom(value: unknown): Value {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return /^-?\d+(\.\d+)?$/.test(String(value)) ? exactNumber(String(value)) : (value as Value);
}

/** JSON, or what stands for a text that is none. */
function jsonFrom(text: string): Value {
  const known = text.length > SHORT ? undefined : MET.get(text);
  if (known !== undefined) return known;
  const value = parsed(text);
  if (text.length > SHORT) return value;
  if (MET.size === MOST_MET) MET.clear();
  MET.set(text, value);
  return value;
}

/** Short texts of JSON that were met, which many rows have: no tags, the same ones, no headers. */
const MET = new Map<string, Value>();
const MOST_MET = 1_000;
const SHORT = 100;

function parsed(text: string): Value {
  try {
    const value = inOrder(parseJson(text));
    return rawText(value) === null ? value : { $text: text };
  } catch {
    return { $text: text };
  }
}

/** The text that an object stands for which has nothing else; null for other values. */
function rawText(value: Value): string | null {
  const isObject = typeof value === 'object' && value !== null;
  const { $text } = (isObject ? value : {}) as { readonly $text?: Value };
  return typeof $text === 'string' && Object.keys(value as object).length === 1 ? $text : null;
}

function jsonParameter({ nullable }: ValueColumn, value: Value): string | null {
  if (value === null && nullable) return null;
  return rawText(value) ?? jsonText(value);
}

interface Time {
  readonly date: string;
  readonly time: string;
  /** Six digits. */
  readonly fraction: string;
}

/** ISO 8601 or as a database writes it, in UTC, a day without a time as well; not MySQL’s dates without a year, a month or a day. */
const TIME =
  /^(?!0000|.{5}00|.{8}00)(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)?)?$/;

function timeParts(value: Value): Time | null {
  const [, date, time = '00:00:00', fraction = ''] = (typeof value === 'string' && TIME.exec(value)) || [];
  return date === undefined ? null : { date, time, fraction: fraction.padEnd(6, '0') };
}

const isoTime = ({ date, time, fraction }: Time): string => `${date}T${time}.${fraction}Z`;

const isTime = ({ kind }: ValueColumn): boolean => kind === 'datetime' || kind === 'naive-datetime';
