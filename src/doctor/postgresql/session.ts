import { sql } from 'kysely';
import type { DoctorCheck } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { type PostgresqlContext, type SessionFacts, sessionFacts } from './facts.ts';

/** Whether the database can keep any text. */
export const encoding: DoctorCheck<PostgresqlContext> = {
  id: 'database.encoding',
  title: 'The database is encoded in UTF-8',
  level: 'warning',
  hint: 'The gateway writes Unicode. In another encoding a name or description with a character that it lacks is refused, also in the middle of a migration; SQL_ASCII takes any bytes and so mixes encodings.',
  async find(context) {
    const { encoding: found, database } = await sessionFacts(context);
    if (found === 'UTF8') return { count: 0, sample: [found] };
    return {
      count: 1,
      sample: [`${database} is encoded in ${found}`],
      hint: 'The encoding of a database cannot be changed. Make a new one in UTF-8, dump this one into it (pg_dump --encoding=UTF8 | psql), and put its name into DATABASE_URL.',
      command: `CREATE DATABASE ${q(`${database}_utf8`)} ENCODING 'UTF8' TEMPLATE template0 OWNER CURRENT_USER;`,
    };
  },
};

/** Whether anything can be written: neither a replica, nor told to be read-only. */
export const readOnly: DoctorCheck<PostgresqlContext> = {
  id: 'database.read-only',
  title: 'The database can be written to',
  level: 'error',
  hint: 'The gateway and the migration write, and this database lets nobody.',
  async find(context) {
    const facts = await sessionFacts(context);
    if (facts.recovering) {
      // Those who may not see it get a row of nulls.
      const [row] = await context.db.query<{ primary: string | null }>(
        sql`SELECT sender_host || ':' || sender_port AS primary FROM pg_stat_wal_receiver`,
      );
      const primary = row?.primary ?? null;
      return {
        count: 1,
        sample: [
          'This server is a replica, or it is still recovering (pg_is_in_recovery)',
          ...(primary === null ? [] : [`it gets its data from ${primary}`]),
        ],
        hint: 'Point DATABASE_URL at the primary server.',
      };
    }
    const setting = facts.settings.default_transaction_read_only;
    if (setting?.value !== 'on') return CLEAN;
    return {
      count: 1,
      sample: [`default_transaction_read_only is on (set for: ${setting.source})`],
      hint: 'Transactions are read-only unless they say otherwise, which neither the gateway nor the migration does. Take default_transaction_read_only out of DATABASE_URL or of where it is set.',
      command: makeWritable(setting.source, facts),
    };
  },
};

/** Takes the setting back where it was set; what comes with the connection stands in DATABASE_URL. */
function makeWritable(source: string, facts: SessionFacts): string {
  const name = 'default_transaction_read_only';
  const user = q(facts.user);
  const database = q(facts.database);
  switch (source) {
    case 'client':
      return '';
    case 'user':
      return `ALTER ROLE ${user} RESET ${name};`;
    case 'database':
      return `ALTER DATABASE ${database} RESET ${name};`;
    case 'database user':
      return `ALTER ROLE ${user} IN DATABASE ${database} RESET ${name};`;
    default:
      // The configuration of the server is not ours to change for all of its databases.
      return `ALTER ROLE ${user} IN DATABASE ${database} SET ${name} = off;`;
  }
}
