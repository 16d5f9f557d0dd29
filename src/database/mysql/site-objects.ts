import { GATEWAY_LIST } from '../site-object.ts';
import { type KeepColumns, statement } from '../statement.ts';
import { quoteMysql as q } from './ddl.ts';

/** How the names of our own triggers begin. */
const KEEPER = 'mcpgw_keep_';

/** A name of a catalog, quoted. */
const quoted = (name: string) => `concat('\`', replace(${name}, '\`', '\`\`'), '\`')`;

/**
 * Whether a DEFINER is there (see `SiteObject`). Whoever may read the accounts sees the server's own among them; others
 * see only their own. Roles are not told from one another.
 */
const definer = (isInvoked: string) => `CASE WHEN ${isInvoked} OR DEFINER NOT LIKE '%@_%' OR EXISTS (
       SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = concat('''',
         left(DEFINER, char_length(DEFINER) - char_length(substring_index(DEFINER, '@', -1)) - 1), '''@''',
         substring_index(DEFINER, '@', -1), '''')) THEN ''
     WHEN (SELECT count(DISTINCT GRANTEE) FROM information_schema.USER_PRIVILEGES) > 1 THEN 'lost' ELSE 'unseen' END
     AS definer`;

/** MariaDB tells the name of a trigger, but not its definer, to whoever may not make one. */
const BY = "coalesce(concat(' (definer ', DEFINER, ')'), '')";

/** See `readSiteObjects`. What this user may not see the server does not tell. */
export const MYSQL_SITE: readonly string[] = [
  `SELECT 'trigger' AS kind, concat('trigger ', TRIGGER_NAME, ' on ', EVENT_OBJECT_TABLE, ${BY}) AS name,
     EVENT_OBJECT_TABLE AS about, ACTION_STATEMENT AS text, concat('DROP TRIGGER ', ${quoted('TRIGGER_NAME')}) AS \`drop\`,
     EVENT_MANIPULATION = 'UPDATE' AS fires,
     EVENT_MANIPULATION = 'UPDATE' AND ACTION_TIMING = 'BEFORE' AS touches, ${definer('FALSE')}
   FROM information_schema.TRIGGERS
   WHERE TRIGGER_SCHEMA = database() AND left(TRIGGER_NAME, ${KEEPER.length}) <> '${KEEPER}'`,
  `SELECT 'view' AS kind, concat('view ', TABLE_NAME, ${BY}) AS name, VIEW_DEFINITION AS text,
     TABLE_NAME AS \`of\`, concat('DROP VIEW ', ${quoted('TABLE_NAME')}) AS \`drop\`,
     ${definer("SECURITY_TYPE = 'INVOKER'")}
   FROM information_schema.VIEWS WHERE TABLE_SCHEMA = database()`,
  `SELECT 'routine' AS kind, concat(lower(ROUTINE_TYPE), ' ', ROUTINE_NAME, ${BY}) AS name,
     ROUTINE_DEFINITION AS text, ROUTINE_NAME AS \`of\`, ${definer("SECURITY_TYPE = 'INVOKER'")}
   FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database()`,
  `SELECT 'foreign key' AS kind, concat('foreign key ', CONSTRAINT_NAME, ' of ', TABLE_SCHEMA, '.', TABLE_NAME) AS name,
     REFERENCED_TABLE_NAME AS about, TABLE_NAME AS \`of\`,
     concat('ALTER TABLE ', ${quoted('TABLE_SCHEMA')}, '.', ${quoted('TABLE_NAME')}, ' DROP FOREIGN KEY ', ${quoted('CONSTRAINT_NAME')}) AS \`drop\`,
     group_concat(REFERENCED_COLUMN_NAME ORDER BY ORDINAL_POSITION) AS \`columns\`
   FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = database()
   GROUP BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME`,
  `SELECT 'system versioning' AS kind, concat('system versioning of ', TABLE_NAME) AS name, TABLE_NAME AS about,
     concat('ALTER TABLE ', ${quoted('TABLE_NAME')}, ' DROP SYSTEM VERSIONING') AS \`drop\`
   FROM information_schema.TABLES WHERE TABLE_SCHEMA = database() AND TABLE_TYPE = 'SYSTEM VERSIONED'`,
  `SELECT CASE WHEN EXTRA LIKE '%INVISIBLE%' THEN 'invisible column' ELSE 'generated column' END AS kind,
     concat('column ', TABLE_NAME, '.', COLUMN_NAME, ' (', lower(EXTRA), ')') AS name, TABLE_NAME AS about,
     GENERATION_EXPRESSION AS text, concat('ALTER TABLE ', ${quoted('TABLE_NAME')}, ' DROP COLUMN ', ${quoted('COLUMN_NAME')}) AS \`drop\`
   FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = database() AND TABLE_NAME IN (${GATEWAY_LIST})
     AND (EXTRA LIKE '%INVISIBLE%' OR EXTRA LIKE '% GENERATED' OR EXTRA LIKE '% GENERATED %')`,
];

/**
 * A trigger of our own that puts the values back: the newest is fired last. One that a killed run leaves does
 * nothing in any session but such a run's.
 */
export function keepMysqlColumns(table: string, columns: readonly string[]): KeepColumns {
  const back = columns.map((name) => `NEW.${q(name)} = IF(@mcpgw_keep = 1, OLD.${q(name)}, NEW.${q(name)})`);
  const drop = `DROP TRIGGER IF EXISTS ${q(KEEPER + table)}`;
  return {
    on: [
      drop,
      `CREATE TRIGGER ${q(KEEPER + table)} BEFORE UPDATE ON ${q(table)} FOR EACH ROW SET ${back.join(', ')}`,
      'SET @mcpgw_keep = 1',
    ].map((text) => statement(text)),
    off: [drop, 'SET @mcpgw_keep = NULL'].map((text) => statement(text)),
  };
}
