import { GATEWAY_LIST } from '../site-object.ts';

/** See `readSiteObjects`. Names are the same in any case here; the gateway's are in lower case. */
export const SQLITE_SITE: readonly string[] = [
  `SELECT type AS kind, type || ' ' || name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END AS name,
     CASE type WHEN 'trigger' THEN lower(tbl_name) END AS about, sql AS text, type = 'trigger' AS touches,
     'DROP ' || upper(type) || ' "' || replace(name, '"', '""') || '"' AS "drop"
   FROM sqlite_schema WHERE type IN ('trigger', 'view')`,
  `SELECT 'foreign key' AS kind, 'foreign key of ' || m.name AS name, lower(f."table") AS about, m.name AS "of",
     lower(group_concat(coalesce(f."to", ''))) AS "columns"
   FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
   WHERE m.type = 'table' AND lower(f."table") IN (${GATEWAY_LIST}) GROUP BY m.name, f.id`,
  `SELECT 'generated column' AS kind, 'generated column ' || m.name || '.' || c.name AS name, m.name AS about
   FROM sqlite_schema m, pragma_table_xinfo(m.name) c
   WHERE m.type = 'table' AND m.name IN (${GATEWAY_LIST}) AND c.hidden IN (2, 3)`,
];
