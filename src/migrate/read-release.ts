import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Schema } from '../schema/model.ts';
import { missingTables, readRevisions, recogniseState } from './state.ts';

export interface Release {
  readonly release: string;
  readonly revision: string;
  /** An upgrade or an installation that was begun and not ended. */
  readonly unfinished: boolean;
}

/** Release and revision for a report; `unknown` for a state that cannot be migrated. */
export async function releaseOf(db: Connection, schema: Schema): Promise<Release> {
  const revisions = await readRevisions(db, schema);
  try {
    const { release, revision, unfinished } = recogniseState(schema, revisions, true);
    return { release, revision, unfinished };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return {
      release: 'unknown',
      revision: (revisions ?? []).join(', '),
      unfinished: missingTables(schema, revisions).length > 0,
    };
  }
}
