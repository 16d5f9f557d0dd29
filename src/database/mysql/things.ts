import { familyCase } from '../../schema/things.ts';
import { MYSQL_KINDS, MYSQL_TRIGGERS, mysqlChecks } from './introspect.ts';

const family = familyCase(
  { tinyint: 'boolean', ...MYSQL_KINDS },
  { zonedTimes: false, jsonIsText: true },
  (type) => `DATA_TYPE = '${type}'`,
);

/** A list of values without the character sets, backslashes and brackets that the servers write around it. */
const WORDS =
  "trim(regexp_replace(regexp_replace(expression, '_[a-z0-9]+(?=.?\\')|[^a-z0-9_\\', ]', ''), ' in |[ ,]+', ' '))";

/**
 * See `Dialect.things`. A functional key part stands for the column it hashes, as in `readMysqlSchema`; a unique over
 * anything else than plain columns has `…` among them. What the server makes of JSON on MariaDB is left out.
 */
export function mysqlThings(mariadb: boolean): string {
  const column = mariadb
    ? 'COLUMN_NAME'
    : "coalesce(COLUMN_NAME, CASE WHEN EXPRESSION LIKE 'sha2(%' THEN regexp_replace(EXPRESSION, '^[^`]*`([^`]+)`.*$', '$1') ELSE '…' END)";
  const partly = "CASE WHEN max(SUB_PART) IS NULL OR NON_UNIQUE = 1 THEN '' ELSE ',…' END";
  return `
    SELECT TABLE_NAME AS of_table, concat(TABLE_NAME, '.', COLUMN_NAME, ':', ${family},
        CASE WHEN DATA_TYPE IN ('varchar', 'char') THEN concat('<', CHARACTER_MAXIMUM_LENGTH) ELSE '' END,
        CASE IS_NULLABLE WHEN 'NO' THEN '-' ELSE '' END,
        CASE WHEN EXTRA LIKE '%auto_increment%' THEN '+' ELSE '' END) AS thing,
      CASE WHEN IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL THEN 1 ELSE 0 END AS rejects
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND EXTRA NOT LIKE '% GENERATED'
    UNION ALL
    SELECT TABLE_NAME,
      concat(TABLE_NAME, CASE WHEN INDEX_NAME = 'PRIMARY' THEN '^' WHEN NON_UNIQUE = 0 THEN '!' ELSE '#' END,
        group_concat(${column} ORDER BY SEQ_IN_INDEX SEPARATOR ','), ${partly}),
      CASE WHEN NON_UNIQUE = 0 THEN 1 ELSE 0 END
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = database()
    GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE
    UNION ALL
    SELECT k.TABLE_NAME, concat(k.TABLE_NAME, '.', k.COLUMN_NAME, '>', k.REFERENCED_TABLE_NAME,
      CASE r.DELETE_RULE WHEN 'CASCADE' THEN 'c' WHEN 'SET NULL' THEN 'n' ELSE '' END), 1
    FROM information_schema.KEY_COLUMN_USAGE k
    JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
      AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
    WHERE k.TABLE_SCHEMA = database() AND k.REFERENCED_TABLE_NAME IS NOT NULL
    UNION ALL
    SELECT table_name, concat(table_name, '?', ${WORDS}), 1 FROM (${mysqlChecks(mariadb)}) k
    WHERE expression <> '' AND expression NOT LIKE 'json_valid(%'
    UNION ALL
    SELECT table_name, concat(table_name, '~', name), 1 FROM (${MYSQL_TRIGGERS}) e WHERE rejects = 1`;
}
