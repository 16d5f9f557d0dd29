import type { DoctorCheck, Repair } from '../checks/check.ts';
import { blankReport, crashed, runCheck } from '../checks/run-check.ts';
import type { Guard } from '../database/in-savepoint.ts';
import { advise, type Command, joined, mcpgw, type Text } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import { thousands } from '../report/thousands.ts';
import type { DoctorContext } from './context.ts';

/** Headings of the report, in its order. The part of an id before its dot is the one it stands under. */
export const GROUPS = {
  settings: 'Settings',
  machine: 'Machine',
  file: 'File',
  server: 'Server',
  database: 'Database',
  data: 'Gateway data',
  access: 'Access test',
} as const;

/** What came of one check. */
export interface Checked {
  readonly report: DraftCheck;
  readonly notes?: readonly Text[];
  /** Null when there is nothing to repair, or nothing that a repair could do. */
  readonly repair: Repair | null;
  /** Something was found that keeps the later ones from being made. */
  readonly decisive: boolean;
}

type Described = Pick<DoctorCheck<never>, 'id' | 'title' | 'level'>;

/** Makes one check and plans its repair. One that crashes is errored, which is no pass. */
export async function checkAndPlan<Context extends DoctorContext>(
  check: DoctorCheck<Context>,
  context: Context,
  guard?: Guard,
): Promise<Checked> {
  try {
    const { findings, report } = await runCheck(check, context, guard);
    if (findings === null || findings.count === 0) {
      return { ...unrepaired(report), notes: findings?.notes ?? [] };
    }
    const repair = (await check.repair?.(context, findings)) ?? null;
    const known = repair === null ? (findings.command ?? check.command) : mcpgw('doctor', '--repair');
    const command = findings.instead ?? known;
    const hint = joined([report.hint, ...(command === undefined ? [] : [shown(command)])], '\n');
    const more = { fixable: repair !== null, hint, command: command ?? '' };
    return { ...unrepaired({ ...report, ...more }), repair, decisive: check.decisive === true };
  } catch (error) {
    return unrepaired(blankReport(check, { status: 'errored', hint: crashed(error) }));
  }
}

/** A check that was not made, which is no pass. */
export function notChecked(check: Described, why: Text): Checked {
  return unrepaired(blankReport(check, { status: 'skipped', hint: why }));
}

function unrepaired(report: DraftCheck): Checked {
  const group = GROUPS[report.id.split('.')[0] as keyof typeof GROUPS];
  return { report: { ...report, group }, repair: null, decisive: false };
}

/** How many statements of SQL fit before a reader's eyes. */
const SHOWN = 2;

/** The command as a report for people has it: of many statements the first, and where the others are. */
function shown(command: Command): Text {
  const { kind, words } = command;
  const lead = kind === 'sql' ? 'SQL' : 'Run';
  const hidden = words.length - SHOWN;
  // One more is shorter than what would be said in its place.
  if (kind !== 'sql' || hidden <= 1) return advise`${lead}: ${command}`;
  const first = command.with({ words: words.slice(0, SHOWN) });
  return advise`${lead}: ${first} … and ${thousands(hidden)} more statements (all: --format json, .checks[].command)`;
}
