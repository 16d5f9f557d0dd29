import type { OwnershipValues } from '../../src/migrate/migration.ts';
import type { RecordFacts } from '../../src/migrate/record.ts';

/** What a database without rows tells `record`. */
export const NO_FACTS: RecordFacts = { nulls: () => 0, zonedTimes: true, missingFrom: () => 0 };

export const NOBODY: OwnershipValues = { teamId: null, ownerEmail: null, visibility: 'private' };
