import type { Column, ColumnKind } from '../../schema/model.ts';
import type { Unreadable } from '../dialect.ts';
import { quoteName } from './table-sql.ts';

/** As Python's `datetime.fromisoformat` reads it, which makes no date of 30 February as SQLite does. */
const isTime = (v: string) =>
  `(typeof(${v}) = 'text' AND ${v} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND ${v} >= '0001'
    AND ${v} = trim(${v}) AND datetime(${v}) IS NOT NULL AND date(substr(${v}, 1, 10)) = substr(${v}, 1, 10))`;

const TRUE = "'true', 't', 'yes', 'y', 'on'";
const FALSE = "'false', 'f', 'no', 'n', 'off'";

/** See `Dialect.unreadable`. A type of SQLite's is a wish: a column takes every value. */
export function sqliteUnreadable({ name }: Column, kind: ColumnKind): Unreadable | null {
  const v = quoteName(name);
  switch (kind) {
    case 'json': {
      // Python also writes and reads NaN and Infinity, which are no JSON; SQLite knows them from JSON5.
      const text = `CAST(${v} AS TEXT)`;
      const odd = `(${text} LIKE '%NaN%' OR ${text} LIKE '%Infinity%')`;
      return {
        is: `NOT json_valid(${text}) AND NOT (json_valid(${text}, 2) AND ${odd})`,
        mended: `CASE WHEN json_valid(${text}, 2) THEN json(${text}) END`,
      };
    }
    case 'datetime':
    case 'naive-datetime': {
      const dashes = `replace(trim(${v}), '/', '-')`;
      return { is: `NOT ${isTime(v)}`, mended: `CASE WHEN ${isTime(dashes)} THEN ${dashes} END` };
    }
    case 'boolean': {
      const word = `lower(trim(${v}))`;
      return {
        is: `${v} NOT IN (0, 1)`,
        mended: `CASE WHEN typeof(${v}) IN ('integer', 'real') THEN ${v} <> 0
          WHEN ${word} IN (${TRUE}) THEN 1 WHEN ${word} IN (${FALSE}) THEN 0 END`,
      };
    }
    case 'integer':
    case 'bigint':
      return { is: `typeof(${v}) <> 'integer'`, mended: null };
    case 'float':
      return { is: `typeof(${v}) NOT IN ('real', 'integer')`, mended: null };
    case 'string':
    case 'text':
      return { is: `typeof(${v}) = 'blob'`, mended: null };
    default:
      return null;
  }
}
