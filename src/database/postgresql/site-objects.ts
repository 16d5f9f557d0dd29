import { GATEWAY_LIST } from '../site-object.ts';
import { type KeepColumns, statement } from '../statement.ts';
import { quotePostgresql as q } from './ddl.ts';
import { dropsOf } from './dependents.ts';

/** The gateway's tables `c`. */
const OURS = `c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname IN (${GATEWAY_LIST})`;

/** See `readSiteObjects`. The session fires what is not disabled and not for replicas only. */
export const POSTGRESQL_SITE: readonly string[] = [
  `SELECT 'trigger' AS kind, 'trigger ' || g.tgname || ' on ' || c.relname AS name, c.relname AS about,
     (g.tgtype & 16) <> 0 AS touches, ${dropsOf("'pg_trigger'::regclass", 'g.oid')} AS drop
   FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
   WHERE ${OURS} AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')`,
  `SELECT 'rule' AS kind, 'rule ' || r.rulename || ' on ' || c.relname AS name, c.relname AS about,
     ${dropsOf("'pg_rewrite'::regclass", 'r.oid')} AS drop
   FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE ${OURS} AND r.ev_enabled IN ('O', 'A')`,
  `SELECT 'policy' AS kind, 'policy ' || p.polname || ' on ' || c.relname AS name, c.relname AS about,
     ${dropsOf("'pg_policy'::regclass", 'p.oid')} AS drop
   FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE ${OURS}`,
  `SELECT 'row-level security' AS kind, 'row-level security of ' || c.relname AS name, c.relname AS about
   FROM pg_class c WHERE ${OURS} AND row_security_active(c.oid)`,
  // What depends on columns, or on a whole table without being a part of it.
  `SELECT CASE d.classid WHEN 'pg_rewrite'::regclass THEN 'view' WHEN 'pg_proc'::regclass THEN 'routine'
       WHEN 'pg_policy'::regclass THEN 'policy' WHEN 'pg_trigger'::regclass THEN 'trigger'
       WHEN 'pg_attrdef'::regclass THEN 'generated column' ELSE 'publication' END AS kind,
     CASE d.classid WHEN 'pg_rewrite'::regclass THEN 'view ' || r.ev_class::regclass
       ELSE pg_describe_object(d.classid, d.objid, 0) END AS name,
     c.relname AS about, string_agg(a.attname, ',') AS columns,
     ${dropsOf("CASE r.rulename WHEN '_RETURN' THEN 'pg_class'::regclass ELSE d.classid END", "CASE r.rulename WHEN '_RETURN' THEN r.ev_class ELSE d.objid END")} AS drop
   FROM pg_depend d JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
   LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
   LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
   LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
   WHERE ${OURS} AND (d.refobjsubid > 0 OR d.deptype = 'n') AND r.ev_class IS DISTINCT FROM c.oid
     AND f.adnum IS DISTINCT FROM d.refobjsubid
     AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass,
                       'pg_attrdef'::regclass, 'pg_publication_rel'::regclass)
   GROUP BY d.classid, d.objid, r.ev_class, r.rulename, c.relname`,
  `SELECT 'foreign key' AS kind, 'foreign key ' || k.conname || ' of ' || k.conrelid::regclass AS name,
     c.relname AS about, o.relname AS of, ${dropsOf("'pg_constraint'::regclass", 'k.oid')} AS drop,
     (SELECT string_agg(a.attname, ',' ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum) AS columns
   FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_class o ON o.oid = k.conrelid
   WHERE ${OURS} AND k.contype = 'f' AND k.conparentid = 0`,
  `SELECT 'publication' AS kind, 'publication ' || p.pubname || ' of ' || string_agg(c.relname, ', ' ORDER BY c.relname) AS name
   FROM pg_publication p JOIN pg_publication_rel l ON l.prpubid = p.oid JOIN pg_class c ON c.oid = l.prrelid
   WHERE ${OURS} GROUP BY p.pubname`,
  // By which a subscriber finds a row that was updated: with none, and with the unique that goes, no row can be.
  `SELECT 'replica identity' AS kind, c.relname || ' in publication ' || p.pubname AS name, c.relname AS about,
     (SELECT string_agg(a.attname, ',') FROM pg_index x JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
      WHERE x.indrelid = c.oid AND x.indisreplident AND c.relreplident = 'i') AS columns
   FROM pg_publication p JOIN pg_publication_tables l ON l.pubname = p.pubname
   JOIN pg_class c ON c.relname = l.tablename AND l.schemaname = current_schema()
   WHERE ${OURS} AND p.pubupdate AND (c.relreplident IN ('n', 'i') OR c.relreplident = 'd' AND NOT EXISTS
     (SELECT 1 FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary))`,
  `SELECT 'event trigger' AS kind, 'event trigger ' || evtname AS name FROM pg_event_trigger WHERE evtenabled IN ('O', 'A')`,
];

/** Triggers are fired in the order of their names: behind any that a person would write. */
const KEEPER = q('~~~mcpgw_keep');
const FUNCTION = 'pg_temp.mcpgw_keep';

/** A trigger of our own that puts the values back, also in what a trigger of the site updates itself. */
export function keepPostgresqlColumns(table: string, columns: readonly string[]): KeepColumns {
  const back = columns.map((name) => `NEW.${q(name)} := OLD.${q(name)};`).join(' ');
  return {
    on: [
      `CREATE FUNCTION ${FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $mcpgw$ BEGIN ${back} RETURN NEW; END $mcpgw$`,
      `CREATE TRIGGER ${KEEPER} BEFORE UPDATE ON ${q(table)} FOR EACH ROW EXECUTE FUNCTION ${FUNCTION}()`,
    ].map((text) => statement(text)),
    off: [`DROP TRIGGER ${KEEPER} ON ${q(table)}`, `DROP FUNCTION ${FUNCTION}()`].map((text) =>
      statement(text),
    ),
  };
}
