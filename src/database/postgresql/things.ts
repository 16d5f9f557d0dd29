import { familyCase } from '../../schema/things.ts';
import { ENFORCED, HELD_KEY, POSTGRESQL_EXTRAS, POSTGRESQL_KINDS, WHOLE_INDEX } from './introspect.ts';

const family = familyCase(
  POSTGRESQL_KINDS,
  { zonedTimes: true, jsonIsText: false },
  (type) => `bare = '${type}'`,
);

/** A list of values without the casts and brackets that PostgreSQL writes around it. */
const WORDS = `btrim(regexp_replace(regexp_replace(pg_get_expr(k.conbin, k.conrelid), '::[a-z ]+(\\[\\])?|ANY|ARRAY', '', 'g'),
  '[][() ,=]+', ' ', 'g'))`;

/** See `Dialect.things`. An index that is not one over plain columns and all rows has `…` among its columns. */
export const POSTGRESQL_THINGS = `
  WITH t AS MATERIALIZED (
    SELECT oid, relname FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p')
  ), c AS (
    SELECT t.relname, a.attname, a.attnotnull, a.atthasdef OR a.attidentity <> '' AS given,
      format_type(a.atttypid, NULL) AS bare, a.atttypmod AS bound,
      a.attidentity <> '' OR a.atthasdef AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' AS counts
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  )
  SELECT relname AS of_table, relname || '.' || attname || ':' || ${family}
    || CASE WHEN bound > 0 AND bare LIKE 'character%' THEN '<' || bound - 4 ELSE '' END
    || CASE WHEN attnotnull THEN '-' ELSE '' END || CASE WHEN counts THEN '+' ELSE '' END AS thing,
    CASE WHEN attnotnull AND NOT given THEN 1 ELSE 0 END AS rejects FROM c
  UNION ALL
  SELECT t.relname, t.relname || CASE WHEN x.indisprimary THEN '^' WHEN x.indisunique THEN '!' ELSE '#' END
    || (SELECT string_agg(coalesce(a.attname, '…'), ',' ORDER BY p.place)
        FROM unnest(x.indkey) WITH ORDINALITY AS p(attnum, place)
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum WHERE p.place <= x.indnkeyatts)
    || CASE WHEN ${WHOLE_INDEX} THEN '' ELSE ',…' END, CASE WHEN x.indisunique THEN 1 ELSE 0 END
  FROM pg_index x JOIN t ON t.oid = x.indrelid
  UNION ALL
  SELECT t.relname, t.relname || '.' || a.attname || '>' || p.relname
    || CASE k.confdeltype WHEN 'c' THEN 'c' WHEN 'n' THEN 'n' ELSE '' END, 1
  FROM pg_constraint k JOIN t ON t.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  WHERE k.contype = 'f' AND ${HELD_KEY}
  UNION ALL
  SELECT t.relname, t.relname || '?' || ${WORDS}, 1
  FROM pg_constraint k JOIN t ON t.oid = k.conrelid WHERE k.contype = 'c' AND ${ENFORCED}
  UNION ALL
  SELECT table_name, table_name || '~' || name, 1 FROM (${POSTGRESQL_EXTRAS}) e WHERE rejects`;
