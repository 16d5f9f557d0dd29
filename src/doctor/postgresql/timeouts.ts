import { duration } from '../../report/duration.ts';
import type { Examination } from '../examination.ts';
import { type PostgresqlContext, type SettingName, sessionFacts } from './session-facts.ts';
import { settingReset } from './setting-reset.ts';
import { tableFacts } from './table-facts.ts';

/** A migration of a small database is over in a few seconds, also on a slow server. */
const LEAST_MS = 60_000;
/** Between two of its statements the migration thinks for milliseconds. */
const LEAST_IDLE_MS = 10_000;
/** How fast a slow disk is read and written while an index is built. */
const BYTES_PER_MS = 10_000;

/**
 * Whether the server would end a statement or the transaction of the migration. `lock_timeout` is of no matter:
 * the migration and the backup set their own.
 */
export const timeouts: Examination<PostgresqlContext> = {
  id: 'database.timeouts',
  title: 'No time-out of the server cuts the migration short',
  level: 'warning',
  meaning:
    'The server ends what takes longer than this. The migration is then taken back as a whole and nothing is lost, but it does not get done.',
  command: '',
  async find(context) {
    const facts = await sessionFacts(context);
    const tables = await tableFacts(context);
    const largest = Math.max(0, ...tables.map(({ bytes }) => bytes));
    const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
    const needs = [
      ['statement_timeout', Math.max(LEAST_MS, largest / BYTES_PER_MS)],
      ['transaction_timeout', Math.max(LEAST_MS, all / BYTES_PER_MS)],
      ['idle_in_transaction_session_timeout', LEAST_IDLE_MS],
    ] as const satisfies readonly (readonly [SettingName, number])[];
    const sample: string[] = [];
    const commands: string[] = [];
    for (const [name, needed] of needs) {
      const setting = facts.settings[name];
      const ms = Number(setting?.value ?? 0);
      if (setting === undefined || ms === 0 || ms >= needed) continue;
      sample.push(
        `${name} is ${duration(ms)}, and ${duration(needed)} may be needed (set for: ${setting.source})`,
      );
      commands.push(settingReset(facts, name, '0') ?? '');
    }
    return {
      count: sample.length,
      sample,
      command: commands.filter((command) => command !== '').join(' '),
      ...(commands.includes('')
        ? { hint: 'Take the time-out out of options in DATABASE_URL for as long as the migration takes.' }
        : {}),
    };
  },
};
