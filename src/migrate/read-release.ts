import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { readRevisions, recogniseState } from './state.ts';

/** Release and revision for a report; `unknown` for a state that cannot be migrated. */
export async function readRelease(db: Connection): Promise<{ release: string; revision: string }> {
  const schema = await db.dialect.readSchema(db);
  const revisions = await readRevisions(db, schema);
  try {
    const { release, revision } = recogniseState(schema, revisions, true);
    return { release, revision };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { release: 'unknown', revision: (revisions ?? []).join(', ') };
  }
}
