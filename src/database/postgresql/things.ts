/** See `Dialect.things`. */
export const POSTGRESQL_THINGS = `
  SELECT c.relname || '.' || a.attname AS thing
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
  UNION ALL
  SELECT t.relname || CASE WHEN x.indisunique THEN '!' ELSE '#' END
    || (SELECT string_agg(a.attname, ',' ORDER BY p.place)
        FROM unnest(x.indkey) WITH ORDINALITY AS p(attnum, place)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum WHERE p.place <= x.indnkeyatts)
  FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
  WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND x.indpred IS NULL AND x.indisvalid
    AND x.indexprs IS NULL AND NOT x.indisprimary
  UNION ALL
  SELECT t.relname || '.' || a.attname || '>' || p.relname
    || CASE k.confdeltype WHEN 'c' THEN 'c' WHEN 'n' THEN 'n' ELSE '' END
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND k.contype = 'f'`;
