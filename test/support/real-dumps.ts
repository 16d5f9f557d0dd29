import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseKind, EVERY_VERSION } from './database-kinds.ts';

/** The folder of dumps of real databases, or undefined when MCPGW_REAL_DATABASES is not set. */
export const REAL_DATABASES = process.env.MCPGW_REAL_DATABASES || undefined;

export interface RealDump {
  readonly kind: DatabaseKind;
  /** `v0.6.0-small`, `v0.7.0-fresh` … */
  readonly state: string;
  readonly path: string;
}

/** Every dump with every database that can hold it; none when MCPGW_REAL_DATABASES is not set. */
export function realDumps(): RealDump[] {
  if (REAL_DATABASES === undefined || !existsSync(REAL_DATABASES)) return [];
  const folder = REAL_DATABASES;
  const files = readdirSync(folder).toSorted();
  return EVERY_VERSION.flatMap((kind) =>
    files
      .filter((file) => file.endsWith(`.${kind.dialect}.sql`))
      // The unique on (team_id, owner_email, url) is over InnoDB's key limit: only MariaDB can hold those dumps.
      .filter((file) => kind.id !== 'mysql' || !file.startsWith('v0.7.0'))
      .map((file) => ({ kind, state: file.replace(`.${kind.dialect}.sql`, ''), path: join(folder, file) })),
  );
}
