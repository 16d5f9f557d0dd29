import { sql } from 'kysely';
import { CLEAN } from '../../checks/check.ts';
import type { Examination } from '../examination.ts';
import { type PostgresqlContext, sessionFacts } from './session-facts.ts';
import { settingReset } from './setting-reset.ts';

/** Whether anything can be written: neither a replica, nor told to be read-only. */
export const readOnly: Examination<PostgresqlContext> = {
  id: 'database.read-only',
  title: 'The database can be written to',
  level: 'error',
  meaning: 'The gateway and the migration write, and this database lets nobody.',
  command: '',
  async find(context) {
    const facts = await sessionFacts(context);
    if (facts.recovering) {
      const primary = await primaryOf(context);
      return {
        count: 1,
        sample: [
          'This server is a replica, or it is still recovering (pg_is_in_recovery)',
          ...(primary === null ? [] : [`it gets its data from ${primary}`]),
        ],
        hint: 'Point DATABASE_URL at the primary server.',
        command: '',
      };
    }
    const setting = facts.settings.default_transaction_read_only;
    if (setting?.value !== 'on') return CLEAN;
    return {
      count: 1,
      sample: [`default_transaction_read_only is on (set for: ${setting.source})`],
      hint: 'Transactions are read-only unless they say otherwise, which neither the gateway nor the migration does. Take default_transaction_read_only out of DATABASE_URL or of where it is set.',
      command: settingReset(facts, 'default_transaction_read_only', 'off') ?? '',
    };
  },
};

/** Those who may not see it get a row of nulls. */
async function primaryOf({ db }: PostgresqlContext): Promise<string | null> {
  const [row] = await db.query<{ primary: string | null }>(
    sql`SELECT sender_host || ':' || sender_port AS primary FROM pg_stat_wal_receiver`,
  );
  return row?.primary ?? null;
}
