import { sql } from 'kysely';
import type { RestoreScriptRequest } from '../backup-tool.ts';
import type { Connection } from '../connection.ts';
import { literalPostgresql, quotePostgresql } from './ddl.ts';

/** What psql says when it has the locks, with the number of its transaction. */
export const READY = 'mcpgw-ready';

/** The statements that psql is given besides those of the dump. */
export interface RestoreScript {
  /** Keeps others out; readers may go on, and so may the backup of the present state. */
  readonly lock: readonly string[];
  /** The end of what is there; after it comes the dump. */
  readonly drop: readonly string[];
  readonly compare: readonly string[];
  readonly commit: string;
}

/**
 * @param contents what `pg_restore --list` says of the dump
 */
export async function restoreScript(
  db: Connection,
  request: RestoreScriptRequest,
  contents: string,
): Promise<RestoreScript> {
  const { replaced, lockTimeoutMs, notes } = request;
  const schema = quotePostgresql(notes.schema ?? '');
  const named = (names: readonly string[]) =>
    names.map((name) => `${schema}.${quotePostgresql(name)}`).join(', ');
  const views = await db.query<{ name: string; kind: string }>(sql`
    SELECT relname AS name, relkind AS kind FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('v', 'm')`);
  const dropped = (kind: string, type: string) => {
    const names = views
      .filter((view) => view.kind === kind && contents.includes(` ${type} ${notes.schema} ${view.name} `))
      .map((view) => view.name);
    return names.length === 0 ? [] : [`DROP ${type} ${named(names)}`];
  };
  const isNew = replaced.length === 0;
  return {
    lock: [
      'BEGIN',
      `SET LOCAL lock_timeout = ${Math.max(1_000, lockTimeoutMs)}`,
      ...(isNew ? [] : [`LOCK TABLE ${named(replaced)} IN SHARE ROW EXCLUSIVE MODE`]),
      `SELECT '${READY} ' || txid_current()`,
    ],
    drop: isNew
      ? []
      : [...dropped('v', 'VIEW'), ...dropped('m', 'MATERIALIZED VIEW'), `DROP TABLE ${named(replaced)}`],
    compare: [countsMustBe(request)],
    commit: 'COMMIT',
  };
}

/** Raises inside the transaction, which takes everything back, when a table has other rows than the backup had. */
function countsMustBe({ rows, notes }: RestoreScriptRequest): string {
  const schema = quotePostgresql(notes.schema ?? '');
  const checks = [...rows].map(([name, n]) => {
    const table = `${schema}.${quotePostgresql(name)}`;
    return `IF (SELECT count(*) FROM ${table}) <> ${n} THEN RAISE EXCEPTION 'table % has other rows than the backup', ${literalPostgresql(name)}; END IF;`;
  });
  return `DO $mcpgw$ BEGIN\n${checks.join('\n')}\nEND $mcpgw$`;
}
