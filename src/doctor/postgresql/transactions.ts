import { CLEAN } from '../../checks/check.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { pooling } from './pooling.ts';

/** Statement pooling refuses BEGIN, without which neither the gateway nor the migration can work. */
export const transactions: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.transactions',
  title: 'Transactions are allowed',
  level: 'error',
  meaning:
    'The pooler gives out the server’s connections for one statement only, and so refuses transactions.',
  command: '',
  decisive: true,
  async find(context) {
    if ((await pooling(context)) !== 'statement') return CLEAN;
    return {
      count: 1,
      sample: [`${context.target.host}:${context.target.port}: pool_mode = statement`],
      hint: 'Set pool_mode to session or transaction in pgbouncer.ini (it can differ per database and user) and reload it, or point DATABASE_URL at PostgreSQL itself.',
      command: `psql --host=${context.target.host} --port=${context.target.port} --command=RELOAD pgbouncer`,
    };
  },
};
