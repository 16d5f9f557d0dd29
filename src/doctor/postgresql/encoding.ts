import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import type { Examination } from '../examination.ts';
import { type PostgresqlContext, sessionFacts } from './session-facts.ts';

/** Whether the database can keep any text. */
export const encoding: Examination<PostgresqlContext> = {
  id: 'database.encoding',
  title: 'The database is encoded in UTF-8',
  level: 'warning',
  meaning:
    'The gateway writes Unicode. In another encoding a name or description with a character that it lacks is refused, also in the middle of a migration; SQL_ASCII takes any bytes and so mixes encodings.',
  command: '',
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
