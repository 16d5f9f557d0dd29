/** See `Dialect.things`. A functional key part stands for the column it hashes, as in `readMysqlSchema`. */
export function mysqlThings(mariadb: boolean): string {
  const column = mariadb
    ? 'COLUMN_NAME'
    : "coalesce(COLUMN_NAME, regexp_replace(EXPRESSION, '^[^`]*`([^`]+)`.*$', '$1'))";
  return `
    SELECT concat(TABLE_NAME, '.', COLUMN_NAME) AS thing
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database()
    UNION ALL
    SELECT concat(TABLE_NAME, CASE NON_UNIQUE WHEN 0 THEN '!' ELSE '#' END,
      group_concat(${column} ORDER BY SEQ_IN_INDEX SEPARATOR ','))
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = database() AND INDEX_NAME <> 'PRIMARY'
    GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE
    UNION ALL
    SELECT concat(k.TABLE_NAME, '.', k.COLUMN_NAME, '>', k.REFERENCED_TABLE_NAME,
      CASE r.DELETE_RULE WHEN 'CASCADE' THEN 'c' WHEN 'SET NULL' THEN 'n' ELSE '' END)
    FROM information_schema.KEY_COLUMN_USAGE k
    JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA
      AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
    WHERE k.TABLE_SCHEMA = database() AND k.REFERENCED_TABLE_NAME IS NOT NULL`;
}
