import pg from 'pg';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import { translatePostgresqlError } from './errors.ts';
import { sslAttempts } from './open.ts';

/**
 * Whether a pooler such as PgBouncer answers instead of the server: the process that the connection was
 * promised is then not the one that runs its queries. pg_dump sets what it needs for its session; behind a
 * pooler those settings would end up in the gateway's sessions.
 */
export async function isBehindPooler(target: PostgresqlTarget): Promise<boolean> {
  const attempts = sslAttempts(target);
  for (const [i, ssl] of attempts.entries()) {
    const client = new pg.Client({
      host: target.host,
      port: target.port,
      user: target.user ?? undefined,
      password: target.password ?? (() => ''),
      database: target.database,
      connectionTimeoutMillis: target.connectTimeoutMs ?? 10_000,
      ssl,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      // Promised in the start-up of the protocol (BackendKeyData); not in the types of the driver.
      const { processID } = client as unknown as { processID: number | null };
      return processID !== rows[0]?.pid;
    } catch (error) {
      if (i < attempts.length - 1) continue;
      throw translatePostgresqlError(error) ?? error;
    } finally {
      await client.end().catch(() => {});
    }
  }
  return false;
}
