import { type DoctorCheck, type Findings, fine } from '../../checks/check.ts';
import { advise, type Text } from '../../report/advice.ts';
import { shellWord } from '../../report/shell-word.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import { backupsOf, type WholeBackup } from '../backups-of.ts';
import type { TargetContext } from '../context.ts';
import { salvageRepair } from './salvage-repair.ts';

type Damaged = Pick<DoctorCheck<never>, 'id' | 'title' | 'hint' | 'preflight'>;

/**
 * A check for damage, after which nothing can be believed: whole backups are told with what it finds, and the
 * repair is to salvage what is left.
 */
export function damageCheck<Context extends TargetContext<SqliteTarget>>({
  advice,
  damage,
  ...described
}: Damaged & {
  /** Where there is no backup of it. */
  readonly advice: string;
  /** What is damaged, a line each. */
  damage(context: Context): Promise<readonly string[]>;
}): DoctorCheck<Context> {
  const { hint: meaning } = described;
  return {
    ...described,
    level: 'error',
    hint: advise`${meaning} ${advice}`,
    command: 'mcpgw backup --list',
    decisive: true,
    async find(context) {
      const sample = await damage(context);
      return sample.length === 0 ? fine() : damageFindings(context, sample, meaning);
    },
    repair: async (context) => salvageRepair(context),
  };
}

/** The newest are what somebody wants back. */
const NAMED = 3;

/**
 * What is told of a file that is damaged: with a whole backup beside it, to restore that, which loses nothing but
 * what was written since.
 *
 * @param meaning what the damage means, without advice
 */
export async function damageFindings(
  context: TargetContext<SqliteTarget>,
  sample: readonly string[],
  meaning: Text,
): Promise<Findings> {
  const whole = await wholeBackups(context);
  const [newest] = whole;
  if (newest === undefined) return { count: sample.length, sample };
  const named = whole.slice(0, NAMED).map(({ path, facts }) => `${path} (${facts})`);
  return {
    count: sample.length,
    sample,
    hint: advise`${meaning}\nBackups of it that are whole, the newest first: ${named.join(', ')}.\nRestoring one loses what was written since; mcpgw doctor --repair keeps what can still be read instead.`,
    instead: `mcpgw restore ${shellWord(newest.path)}`,
  };
}

async function wholeBackups(context: TargetContext<SqliteTarget>): Promise<readonly WholeBackup[]> {
  try {
    return (await backupsOf(context)).whole;
  } catch {
    // A folder that this user may not read: then nothing is known of backups.
    return [];
  }
}
