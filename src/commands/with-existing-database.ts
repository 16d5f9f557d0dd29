import { withDatabase } from '../database/with-database.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { decodedWarning } from '../settings/existing-name.ts';
import type { LoadedSettings } from '../settings/load.ts';
import { namingSource } from '../settings/naming-source.ts';

/** What a server says of a database that is not there: to some users no more than that they may not use it. */
const MISSING: ReadonlySet<ErrorCode> = new Set(['NO_DATABASE', 'PERMISSION', 'AUTHENTICATION']);

/**
 * The settings with the database that the server has, where its name in the URL holds a `%` and only the decoded
 * name is one. What else is wrong with the way there, the command itself says.
 */
export async function withExistingDatabase<Loaded extends LoadedSettings>(loaded: Loaded): Promise<Loaded> {
  const { target } = loaded;
  if (target.dialect === 'sqlite' || target.decoded === undefined) return loaded;
  const other: DatabaseTarget = { ...target, database: target.decoded };
  if (!MISSING.has((await problemWith(target)) ?? 'INTERNAL') || (await problemWith(other)) !== null)
    return loaded;
  const warning = namingSource(decodedWarning(target.database, target.decoded), target.givenBy);
  return { ...loaded, target: other, warnings: [...loaded.warnings, warning] };
}

/** Null when the database opens. */
async function problemWith(target: DatabaseTarget): Promise<ErrorCode | null> {
  try {
    await withDatabase(target, { access: 'read', retries: 0, retryIntervalMs: 0 }, async () => {});
    return null;
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'INTERNAL';
  }
}
