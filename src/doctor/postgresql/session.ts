import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { CLEAN, type DoctorCheck, fine, found } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { postgresqlLocation } from '../../database/server-location.ts';
import { type Command, shell, sqlCommand } from '../../report/advice.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { isLocal } from '../server/network.ts';
import { type PostgresqlContext, type SessionFacts, sessionFacts, tableFacts } from './facts.ts';

/** Whether the database can keep any text. SQL_ASCII takes any bytes and so mixes encodings. */
export const encoding: DoctorCheck<PostgresqlContext> = {
  id: 'database.encoding',
  title: 'The database is encoded in UTF-8',
  level: 'warning',
  hint: 'The gateway writes Unicode, and the encoding of a database cannot be changed. Make a new one in UTF-8, dump this one into it (pg_dump --encoding=UTF8 | psql), and put its name into DATABASE_URL.',
  async find(context) {
    const { encoding: name, database } = await sessionFacts(context);
    if (name === 'UTF8') return fine(name);
    const command = sqlCommand(
      `CREATE DATABASE ${q(`${database}_utf8`)} ENCODING 'UTF8' TEMPLATE template0 OWNER CURRENT_USER;`,
    );
    return found([`${database} is encoded in ${name}`], { command });
  },
};

const READ_ONLY = 'default_transaction_read_only';

/** Whether anything can be written: neither a replica, nor told to be read-only. */
export const readOnly: DoctorCheck<PostgresqlContext> = {
  id: 'database.read-only',
  title: 'The database can be written to',
  level: 'error',
  hint: `Transactions are read-only unless they say otherwise, which neither the gateway nor the migration does. Take ${READ_ONLY} out of DATABASE_URL or of where it is set.`,
  async find(context) {
    const facts = await sessionFacts(context);
    if (facts.recovering) {
      // Those who may not see it get a row of nulls.
      const [row] = await context.db.query<{ primary: string | null }>(
        sql`SELECT sender_host || ':' || sender_port AS primary FROM pg_stat_wal_receiver`,
      );
      const primary = row?.primary ?? null;
      const replica = 'This server is a replica, or it is still recovering (pg_is_in_recovery)';
      const from = primary === null ? [] : [`it gets its data from ${primary}`];
      return { count: 1, sample: [replica, ...from], hint: 'Point DATABASE_URL at the primary server.' };
    }
    const setting = facts.settings[READ_ONLY];
    if (setting?.value !== 'on') return CLEAN;
    return found([`${READ_ONLY} is on (set for: ${setting.source})`], {
      command: makeWritable(setting.source, facts),
    });
  },
};

/** Takes the setting back where it was set; what comes with the connection stands in DATABASE_URL. */
function makeWritable(source: string, facts: SessionFacts): Command | undefined {
  const role = `ALTER ROLE ${q(facts.user)}`;
  const database = `DATABASE ${q(facts.database)}`;
  if (source === 'client') return undefined;
  const statements: Readonly<Record<string, string>> = {
    user: `${role} RESET ${READ_ONLY};`,
    database: `ALTER ${database} RESET ${READ_ONLY};`,
    'database user': `${role} IN ${database} RESET ${READ_ONLY};`,
  };
  // The configuration of the server is not ours to change for all of its databases.
  return sqlCommand(statements[source] ?? `${role} IN ${database} SET ${READ_ONLY} = off;`);
}

/** What the server writes besides: log of the transaction, sorting. */
const RESERVE_BYTES = 64_000_000;

/**
 * Whether the server's disk has room for the migration: for new indexes, and at the very worst for every table
 * once more, when its rows are written. Seen only where the server's folder is on this machine and readable.
 */
export const space: DoctorCheck<PostgresqlContext> = {
  id: 'database.space',
  title: 'The disk of the server has room for the migration',
  level: 'error',
  hint: 'Make room on that disk before the migration: without it PostgreSQL takes it back as a whole, and other databases of this server stop writing meanwhile.',
  async find(context) {
    const facts = await sessionFacts(context);
    const bytes = (await tableFacts(context)).reduce((sum, table) => sum + table.bytes, 0);
    const needed = bytes + RESERVE_BYTES;
    const sizes = `database ${inMegabytes(facts.databaseBytes)}, tables ${inMegabytes(bytes)}; the migration needs ${inMegabytes(needed)} at most`;
    const folder = dataFolder(context, facts);
    if (folder === null) return fine(sizes, 'what is free on the server cannot be seen from here');
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const sample = [sizes, `${folder} has ${inMegabytes(free)} free`];
    return { count: free < needed ? 1 : 0, sample, command: shell(`df -h ${folder}`) };
  },
};

/** A folder of that name here may belong to another server: the file in it that names the port tells. */
function dataFolder({ target }: PostgresqlContext, { settings }: SessionFacts): string | null {
  const folder = settings.data_directory?.value ?? null;
  if (folder === null || !isLocal(postgresqlLocation(target))) return null;
  try {
    // PostgreSQL, src/include/utils/pidfile.h: the fourth line is the port.
    const port = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[3];
    return port === settings.port?.value ? folder : null;
  } catch {
    return null;
  }
}
