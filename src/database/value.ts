import { randomUUID } from 'node:crypto';
import { compareNumber, parse } from 'lossless-json';

/**
 * A value of a row that means the same whatever database it is in: texts, numbers and booleans are those of JSON,
 * times ISO 8601 in UTC with microseconds, bytes base64, JSON columns the JSON itself (see `RowValues`).
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | ExactNumber
  | readonly Value[]
  | { readonly [key: string]: Value };

/** What stands for an exact number in a text that is being made: nobody else can have written it. */
const MARK = `number ${randomUUID()} `;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/** A number that JavaScript cannot hold exactly, as its digits. */
export class ExactNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  toJSON(): string {
    return MARK + this.digits;
  }
}

/** Nested deeper than this nothing of a gateway is, and MySQL takes no more than 100. */
const MOST_NESTED = 200;

/** What a text with a number has that JavaScript may not hold exactly: many digits, or an exponent. */
const DOUBTFUL = /(?:^|[[:,\s])-?(?:[\d.]{16}|[\d.]+[eE])/;

/**
 * Parses JSON without losing a digit of its numbers.
 *
 * @throws SyntaxError for what is no JSON; RangeError for what is nested too deep
 */
export function parseJson(text: string): Value {
  if (!DOUBTFUL.test(text)) return JSON.parse(text) as Value;
  // As JSON.parse and the databases do: the last one of a key counts.
  const onDuplicateKey = ({ newValue }: { newValue: unknown }) => newValue;
  return parse(text, undefined, { parseNumber: exactNumber, onDuplicateKey }) as Value;
}

/** A number of these digits. */
export function exactNumber(digits: string): number | ExactNumber {
  const number = Number(digits);
  const isHeld = Number.isFinite(number) && compareNumber(String(number), digits) === 0;
  return isHeld ? number : new ExactNumber(digits);
}

/** The text of a value as JSON, with every digit. */
export function jsonText(value: Value, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return text.includes(MARK) ? text.replaceAll(MARKED, '$1') : text;
}

/**
 * The same with the keys of every object in order, as databases keep them in orders of their own.
 *
 * @throws RangeError for what is nested too deep
 */
export function inOrder(value: Value, depth = 0): Value {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value;
  if (depth === MOST_NESTED) throw new RangeError('nested too deep');
  if (Array.isArray(value)) return value.map((each: Value) => inOrder(each, depth + 1));
  const object = value as { readonly [key: string]: Value };
  const keys = Object.keys(object).sort();
  // Written to like that it would be another prototype.
  if (keys.includes('__proto__')) {
    return Object.fromEntries(keys.map((key) => [key, inOrder(object[key] ?? null, depth + 1)]));
  }
  const ordered: { [key: string]: Value } = {};
  for (const key of keys) ordered[key] = inOrder(object[key] ?? null, depth + 1);
  return ordered;
}
