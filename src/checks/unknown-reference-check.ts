import {
  assignUnknownReferences,
  findUnknownReferences,
  UNKNOWN,
  type UnknownReference,
  type UnknownReferences,
} from '../ownership/unknown-references.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import type { Check } from './check.ts';
import { inKeyRanges } from './in-key-ranges.ts';
import { nobodyToGiveTo } from './no-admin.ts';
import { findOwnedRows, OWNERSHIP_TABLES, type OwnedProblem } from './owned-rows.ts';
import { scanOwnedTables } from './owned-table-scan.ts';
import { ownershipAssignment } from './ownership-assignment.ts';
import { perContext } from './per-context.ts';
import { withObstacles } from './with-obstacles.ts';

export interface UnknownReferenceTexts {
  readonly id: string;
  readonly title: string;
  readonly describe: OwnedProblem['describe'];
}

/** The check that a team or an owner that rows name exists, and its repair. */
function unknownReferenceCheck(
  reference: UnknownReference,
  { id, title, describe }: UnknownReferenceTexts,
): Check {
  const problem: OwnedProblem = {
    count: ({ unknownTeam, unknownOwner }) => (reference === 'team' ? unknownTeam : unknownOwner),
    rows: UNKNOWN[reference],
    describe,
  };
  const hint = advise`Run: ${mcpgw('fix', '--only', id)}`;

  /** By table; null without an administrator. */
  const unknownByTable = perContext(async (context): Promise<readonly UnknownReferences[] | null> => {
    const planned = await ownershipAssignment(context);
    if (planned === null) return null;
    const found: UnknownReferences[] = [];
    for (const counts of (await scanOwnedTables(context)).tables) {
      const count = problem.count(counts);
      if (count === 0) continue;
      found.push(await findUnknownReferences(context.db, counts.table, reference, count, planned.assignment));
    }
    return found;
  });

  return {
    id,
    title,
    level: 'error',
    anyRelease: true,
    requires: OWNERSHIP_TABLES,
    hint,
    async find(context) {
      const findings = await findOwnedRows(context, problem);
      if (findings.count === 0) return findings;
      const found = await unknownByTable(context);
      return found === null ? nobodyToGiveTo(context, findings) : withObstacles(findings, found, hint);
    },
    async repair(context) {
      const planned = await ownershipAssignment(context);
      const found = await unknownByTable(context);
      if (planned === null || found === null) return null;
      const summary: string[] = [];
      const statements = [];
      for (const unknown of found) {
        const { table, count, collisionCount, unresolvable } = unknown;
        const assigned = assignUnknownReferences(context.db, unknown, planned.assignment);
        if (assigned.length === 0) continue;
        statements.push(...(await inKeyRanges(context.db, table.name, count, assigned)));
        const left = collisionCount + unresolvable;
        const stay = left > 0 ? `; ${left} of them stay as they are` : '';
        summary.push(`${table.name}: ${plural(count, 'row')} ${DOES[reference]}${stay}`);
        if (reference === 'team' && left === 0) context.repaired.add(`${table.name}.team_id`);
      }
      return statements.length === 0 ? null : { summary, statements: [...planned.before, ...statements] };
    },
  };
}

const DOES: Readonly<Record<UnknownReference, string>> = {
  team: 'to the team of their owner, or to the administrator where that is nobody either',
  owner: 'to the owner of their team, or to the administrator where there is no team either',
};

/** No row of the owned tables names a team that does not exist. */
export const teamUnknown = unknownReferenceCheck('team', {
  id: 'ownership.unknown-team',
  title: 'Rows of teams that do not exist',
  describe: ({ team_id }) => `there is no team ${team_id}`,
});

/** No row of the owned tables names an owner who is no user. */
export const ownerUnknown = unknownReferenceCheck('owner', {
  id: 'ownership.unknown-owner',
  title: 'Rows of owners who do not exist',
  describe: ({ owner_email }) => `there is no user ${owner_email}`,
});
