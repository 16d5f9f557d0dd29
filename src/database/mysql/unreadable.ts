import type { Column, ColumnKind } from '../../schema/model.ts';
import type { Unreadable } from '../dialect.ts';
import { quoteMysql } from './ddl.ts';
import type { MysqlColumn } from './introspect.ts';

/** See `Dialect.unreadable`: dates without a month or a day, and JSON in a column that is not held to it. */
export function mysqlUnreadable(column: Column, kind: ColumnKind): Unreadable | null {
  const v = quoteMysql(column.name);
  if (column.kind === 'datetime') {
    return { is: `year(${v}) = 0 OR month(${v}) = 0 OR dayofmonth(${v}) = 0`, mended: null };
  }
  const { attributes = '' } = column as Partial<MysqlColumn>;
  const isHeld = column.type === 'json' || attributes.includes('json_valid');
  return kind === 'json' && !isHeld ? { is: `NOT json_valid(${v})`, mended: null } : null;
}
