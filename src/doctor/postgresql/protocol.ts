import { CLEAN } from '../../checks/check.ts';
import { postgresqlLocation } from '../../database/postgresql/location.ts';
import { placeOf } from '../../database/server-location.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { isLocal } from '../server/location.ts';
import { tlsOffer } from './tls-offer.ts';

const PROBLEMS = {
  silent: 'takes the connection, and says nothing',
  closed: 'takes the connection, and hangs up',
  other: 'answers, but not as PostgreSQL does',
} as const;

/** Whether what takes the connections is PostgreSQL, and well enough to answer. */
export const protocol: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.protocol',
  title: 'What answers is PostgreSQL',
  level: 'error',
  meaning: 'Connections are taken, but whoever takes them does not speak as PostgreSQL does.',
  command: '',
  decisive: true,
  async find(context) {
    const { target } = context;
    const answer = await tlsOffer(context);
    if (answer === 'S' || answer === 'N') return CLEAN;
    const location = postgresqlLocation(target);
    const place = placeOf(location);
    const command = `pg_isready --host=${target.host} --port=${target.port}`;
    return {
      count: 1,
      sample: [`${place}: ${PROBLEMS[answer]}`],
      hint:
        answer === 'other'
          ? 'Correct the port in DATABASE_URL: another service listens there.'
          : `The server hangs, is shutting down, or something in between (firewall, load balancer, ${isLocal(location) ? 'forwarded port' : 'proxy'}) swallows what is said: look at the server’s log, or correct host and port in DATABASE_URL.`,
      command,
    };
  },
};
