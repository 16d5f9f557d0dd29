import { GatewayError } from '../errors.ts';
import { REVISION, readRevisions, recogniseState } from '../migrate/state.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { type Check, CLEAN } from './check.ts';

/** The database is at the one revision of v0.7.0 (COMPATIBILITY §1). */
export const release: Check = {
  id: 'release.revision',
  title: 'Release and revision',
  level: 'error',
  hint: advise`Run: ${mcpgw('migrate')}`,
  async find({ db, schema }) {
    const revisions = await readRevisions(db, schema);
    if (revisions?.length === 1 && revisions[0] === REVISION.v070) return CLEAN;
    try {
      const { revision, description } = recogniseState(schema, revisions, true);
      const found = revision === '' ? 'no revision' : `revision ${revision}`;
      return { count: 1, sample: [`${found}: ${description}; v0.7.0 is ${REVISION.v070}`] };
    } catch (error) {
      // A state that no migration starts from: its own advice is the one to follow.
      if (!(error instanceof GatewayError)) throw error;
      return { count: 1, sample: [error.message, ...error.details], hint: error.hint };
    }
  },
};
