import { createHash } from 'node:crypto';
import { MIGRATIONS } from '../../migrations/index.ts';
import { type HistoryRow, isDataStep, readHistory } from '../change/history.ts';
import type { Connection } from '../database/connection.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import { DEFAULT_ROLES } from '../seed/default-roles.ts';
import type { Settings } from '../settings/settings.ts';
import { checksums } from './record.ts';

/** Steps of a run that are not migrations; their checksum covers what they write. */
export const SEED_STEP = 'seed';
export const OWNERSHIP_STEP = 'ownership';

/** Every step that a database at v0.7.0 has been through, with its checksum. */
export function stepChecksums(): ReadonlyMap<string, string> {
  const seed = createHash('sha256').update(JSON.stringify(DEFAULT_ROLES)).digest('hex');
  return new Map([...checksums(MIGRATIONS), [SEED_STEP, seed]]);
}

/** Whether a migration of this tool has been through every step; the gateway's own upgrade leaves some of them to it. */
export async function hasEveryStep(
  db: Connection,
  schema: Schema,
  { emailAuthEnabled }: Pick<Settings, 'emailAuthEnabled'>,
): Promise<boolean> {
  const made = new Set((await readHistory(db, schema)).map(({ step }) => step));
  return [...stepChecksums().keys()].every(
    (step) => made.has(step) || (step === SEED_STEP && !emailAuthEnabled),
  );
}

/**
 * Steps that did something else when they ran than they would do now, and steps this version does not know.
 * Only the last run of each step counts.
 */
export function historyWarnings(history: readonly HistoryRow[]): Text[] {
  const known = stepChecksums();
  const last = new Map(history.map((row) => [row.step, row]));
  const steps = [...last.values()].filter(({ step }) => !isDataStep(step));
  return steps.flatMap(({ step, checksum, tool_version: version }): Text[] => {
    const today = known.get(step);
    if (today === undefined) {
      return [`Step ${step} was run by mcpgw ${version} and is unknown to this one: use mcpgw ${version}.`];
    }
    if (today === checksum) return [];
    return [
      advise`Step ${step}, as mcpgw ${version} ran it, is not what this mcpgw would run: it was edited after its release. See what differs with: ${mcpgw('verify')}`,
    ];
  });
}
