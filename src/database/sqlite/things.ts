import { checkWords, familyCase } from '../../schema/things.ts';
import { checksOf, SQL_REFUSES, SQLITE_KINDS } from './introspect.ts';
import { parseTableSql } from './table-sql.ts';

/** The function `checksText` as SQL calls it; registered on every connection by `open`. */
export const CHECKS_FUNCTION = 'mcpgw_checks';

/** The checks of a table's text, one after the other. */
export function checksText(create: string): string {
  return checksOf(parseTableSql(create))
    .map(({ expression }) => checkWords(expression))
    .join(' CHECK ');
}

const family = familyCase(
  SQLITE_KINDS,
  { zonedTimes: false, jsonIsText: true },
  (type) => `c.type LIKE '%${type}%'`,
);

/** See `Dialect.things`. An index that is not one over plain columns and all rows has `…` among its columns. */
export const SQLITE_THINGS = `
  WITH c AS MATERIALIZED (
    SELECT m.name AS of_table, c.name, c.type, c.dflt_value, c.pk, c."notnull" = 1 OR c.pk > 0 AS required,
      upper(c.type) = 'INTEGER' AND c.pk = 1 AND count(*) FILTER (WHERE c.pk > 0) OVER (PARTITION BY m.name) = 1 AS counts
    FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'
  )
  SELECT of_table, of_table || '.' || name || ':' || ${family}
    || CASE WHEN type LIKE '%CHAR%(%)' THEN '<' || CAST(substr(type, instr(type, '(') + 1) AS INTEGER) ELSE '' END
    || CASE WHEN required THEN '-' ELSE '' END
    || CASE WHEN counts THEN '+' ELSE '' END AS thing, required AND NOT counts AND dflt_value IS NULL AS rejects FROM c
  UNION ALL SELECT of_table, of_table || '^' || group_concat(name, ',' ORDER BY pk), 0 FROM c WHERE pk > 0 GROUP BY of_table
  UNION ALL
  SELECT m.name, m.name || CASE WHEN l."unique" = 1 THEN '!' ELSE '#' END
    || group_concat(coalesce(i.name, '…'), ',' ORDER BY i.seqno) || CASE l.partial WHEN 1 THEN ',…' ELSE '' END, l."unique"
  FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
  WHERE m.type = 'table' AND l.origin <> 'pk' GROUP BY m.name, l.name
  UNION ALL
  SELECT m.name, m.name || '.' || f."from" || '>' || f."table"
    || CASE f.on_delete WHEN 'CASCADE' THEN 'c' WHEN 'SET NULL' THEN 'n' ELSE '' END, 1
  FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
  UNION ALL
  SELECT tbl_name, tbl_name || '~' || name, 1 FROM sqlite_schema WHERE type = 'trigger' AND ${SQL_REFUSES}
  UNION ALL
  SELECT of_table, of_table || '?' || checks, checks <> '' FROM (
    SELECT name AS of_table, ${CHECKS_FUNCTION}(sql) AS checks FROM sqlite_schema
    WHERE type = 'table' AND sql LIKE '%check%(%')`;
