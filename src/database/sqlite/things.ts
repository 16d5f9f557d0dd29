/** See `Dialect.things`. Indexes on expressions are left out, as `readSqliteSchema` leaves them out. */
export const SQLITE_THINGS = `
  SELECT m.name || '.' || c.name AS thing FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'
  UNION ALL
  SELECT i.prefix || group_concat(i.name, ',') FROM (
    SELECT m.name || CASE WHEN l."unique" = 1 THEN '!' ELSE '#' END AS prefix, l.name AS label, i.name AS name
    FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
    WHERE m.type = 'table' AND l.partial = 0 AND l.origin <> 'pk' ORDER BY m.name, l.name, i.seqno
  ) i GROUP BY i.prefix, i.label
  UNION ALL
  SELECT m.name || '.' || f."from" || '>' || f."table"
    || CASE f.on_delete WHEN 'CASCADE' THEN 'c' WHEN 'SET NULL' THEN 'n' ELSE '' END
  FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`;
