import { sql } from 'kysely';
import type { Dependent } from '../backup-tool.ts';
import type { Connection } from '../connection.ts';
import { GATEWAY_LIST } from '../site-object.ts';

/** Something of the schema that a dump of it may hold. */
export interface Dumpable {
  readonly kind:
    | 'TABLE'
    | 'VIEW'
    | 'MATERIALIZED VIEW'
    | 'SEQUENCE'
    | 'FUNCTION'
    | 'PROCEDURE'
    | 'AGGREGATE'
    | 'TYPE'
    | 'DOMAIN';
  readonly name: string;
  /** A backup that is made now has it. */
  readonly dumped: boolean;
}

export interface Dependency extends Dependent {
  /** It is itself among what goes. */
  readonly goes: boolean;
}

/** Of the tables `c` those that a dump has: the gateway's, and others that this user may put back. */
export const DUMPED = `c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname IN (${GATEWAY_LIST}) OR (pg_has_role(c.relowner, 'USAGE') AND NOT row_security_active(c.oid)))`;

/** What the server itself drops with something (parts), and what keeps it from being dropped (others). A rule is its view. */
const walk = (start: string) => `WITH RECURSIVE walk(class, object, part, depth, own) AS (${start} UNION
  SELECT n.class, n.object, n.part, w.depth + (d.deptype = 'n')::int, d.deptype <> 'n'
  FROM walk w JOIN pg_depend d ON d.refclassid = w.class AND d.refobjid = w.object AND w.part IN (0, d.refobjsubid)
  LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
  CROSS JOIN LATERAL (SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END,
    coalesce(r.ev_class, d.objid), CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END) AS n(class, object, part)
  WHERE d.deptype IN ('n', 'a', 'i', 'P', 'S') AND w.depth < 30 AND (n.class, n.object) IS DISTINCT FROM (w.class, w.object))`;

/** Each thing of a walk that is no part of another, the last dependent first. */
const THINGS = `(SELECT class, object, part, max(depth) AS depth, min(depth) AS nearest FROM walk
  GROUP BY class, object, part HAVING NOT bool_and(own)) w
  CROSS JOIN LATERAL pg_identify_object(w.class, w.object, w.part) i
  LEFT JOIN pg_constraint k ON i.type = 'table constraint' AND k.oid = w.object
  LEFT JOIN pg_inherits h ON i.type = 'table' AND h.inhrelid = w.object
  LEFT JOIN pg_attrdef f ON i.type = 'default value' AND f.oid = w.object
  LEFT JOIN pg_attribute a ON a.attrelid = coalesce(f.adrelid, w.object) AND a.attnum = coalesce(f.adnum, w.part)
    AND i.type IN ('table column', 'default value')`;

const DROP = `CASE WHEN k.oid IS NOT NULL THEN format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
  WHEN i.type = 'default value' AND a.attgenerated = '' THEN format('ALTER TABLE %s ALTER %I DROP DEFAULT', f.adrelid::regclass, a.attname)
  WHEN i.type = 'default value' THEN format('ALTER TABLE %s DROP COLUMN %I', f.adrelid::regclass, a.attname)
  WHEN i.type = 'table column' THEN format('ALTER TABLE %s ALTER %I TYPE text', a.attrelid::regclass, a.attname)
  WHEN i.type = 'publication relation' THEN (SELECT format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, l.prrelid::regclass)
    FROM pg_publication_rel l JOIN pg_publication p ON p.oid = l.prpubid WHERE l.oid = w.object)
  WHEN h.inhrelid IS NOT NULL THEN format('ALTER TABLE %s NO INHERIT %s', h.inhrelid::regclass, h.inhparent::regclass)
  ELSE format('DROP %s %s', upper(i.type), i.identity) END`;

const AGAIN = `CASE
  WHEN i.type IN ('view', 'materialized view') THEN format('CREATE %s %s AS %s', upper(i.type), i.identity, rtrim(pg_get_viewdef(w.object), ';'))
  WHEN k.oid IS NOT NULL THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
  WHEN i.type = 'default value' AND a.attgenerated = '' THEN format('ALTER TABLE %s ALTER %I SET DEFAULT %s', f.adrelid::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid))
  WHEN i.type = 'default value' THEN format('ALTER TABLE %s ADD COLUMN %I %s GENERATED ALWAYS AS (%s) STORED', f.adrelid::regclass, a.attname,
    format_type(a.atttypid, a.atttypmod), pg_get_expr(f.adbin, f.adrelid))
  WHEN i.type = 'table column' THEN format('ALTER TABLE %1$s ALTER %2$I TYPE %3$s USING %2$I::%3$s', a.attrelid::regclass, a.attname,
    format_type(a.atttypid, a.atttypmod))
  WHEN h.inhrelid IS NOT NULL THEN format('ALTER TABLE %s INHERIT %s', h.inhrelid::regclass, h.inhparent::regclass)
  WHEN i.type = 'policy' THEN (SELECT format('CREATE POLICY %s AS %s FOR %s TO %s', i.identity, permissive, cmd, array_to_string(roles, ', '))
    || coalesce(' USING (' || qual || ')', '') || coalesce(' WITH CHECK (' || with_check || ')', '')
    FROM pg_policies WHERE format('%I on %I.%I', policyname, schemaname, tablename) = i.identity)
  WHEN i.type = 'trigger' THEN pg_get_triggerdef(w.object)
  WHEN i.type = 'rule' THEN rtrim(pg_get_ruledef(w.object), ';')
  WHEN i.type IN ('function', 'procedure') THEN pg_get_functiondef(w.object) END`;

/** An expression: the statements that drop what depends on an object, and it. */
export const dropsOf = (classid: string, object: string) =>
  `(${walk(`SELECT ${classid}::oid, ${object}::oid, 0, 0, false`)}
    SELECT json_agg(${DROP} ORDER BY w.depth DESC) FROM ${THINGS})`;

/**
 * What depends on what a restore drops, the last dependent first.
 *
 * @param goes whether it is dropped and made again
 */
export async function dependentsOf(
  db: Connection,
  goes: (thing: Dumpable) => boolean,
): Promise<readonly Dependency[]> {
  const things = await db.query<Dumpable & { class: number; object: number }>(
    sql.raw(`SELECT t.*, NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = t.class AND e.objid = t.object AND e.deptype = 'e')
        AND dump AS dumped
      FROM (SELECT 'pg_class'::regclass::oid AS class, c.oid AS object, c.relname AS name, c.relnamespace AS place,
          CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
          c.relkind NOT IN ('r', 'p') OR (${DUMPED}) AS dump
        FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL SELECT 'pg_proc'::regclass, p.oid, p.proname, p.pronamespace,
          CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, true FROM pg_proc p
        UNION ALL SELECT 'pg_type'::regclass, y.oid, y.typname, y.typnamespace,
          CASE y.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, true FROM pg_type y WHERE y.typtype IN ('d', 'e')) t
      WHERE place = quote_ident(current_schema())::regnamespace`),
  );
  const start = things
    .filter((thing) => goes(thing))
    .map((thing) => `(${Number(thing.class)}::oid, ${Number(thing.object)}::oid, 0, 0, false)`);
  if (start.length === 0) return [];
  return db.query<Dependency>(
    sql.raw(`${walk(`VALUES ${start.join(', ')}`)}
      SELECT w.nearest = 0 AS goes, ${DROP} AS drop, ${AGAIN} AS again FROM ${THINGS}
      WHERE w.depth > 0 AND (w.nearest > 0 OR i.type IN ('view', 'materialized view', 'function', 'procedure', 'aggregate'))
      ORDER BY w.depth DESC, drop`),
  );
}
