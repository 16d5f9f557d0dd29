import { spawnSync } from 'node:child_process';
import type { DatabaseKind } from '../support/database-kinds.ts';
import { clientEnv } from './backup-context.ts';

/** Whether this machine's pg_dump cannot dump PostgreSQL 18: a test of the refusal is all that can run then. */
export function clientIsOlder({ id }: Pick<DatabaseKind, 'id'>): boolean {
  if (id !== 'postgres18') return false;
  const { stdout } = spawnSync('pg_dump', ['--version'], { env: clientEnv(id), encoding: 'utf8' });
  return Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1] ?? 0) < 18;
}
