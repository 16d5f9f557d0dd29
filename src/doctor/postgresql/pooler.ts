import { CLEAN } from '../../checks/check.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { type Pooling, pooling } from './pooling.ts';

const MODES: Readonly<Record<NonNullable<Pooling>, string>> = {
  session: 'a server connection stays with its client (session pooling), as far as can be seen',
  transaction: 'clients share server connections, transaction by transaction (transaction pooling)',
  statement: 'clients share server connections, statement by statement (statement pooling)',
  unknown: 'how it shares the server’s connections could not be seen',
};

/** Whether a pooler such as PgBouncer answers instead of the server. The migration can live with it, pg_dump cannot. */
export const pooler: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.pooler',
  title: 'No pooler is between here and the server',
  level: 'warning',
  meaning:
    'A pooler such as PgBouncer answers in the server’s place. The migration itself works through it, but backup and restore need the server itself.',
  command: '',
  async find(context) {
    const mode = await pooling(context);
    if (mode === null) return CLEAN;
    return {
      count: 1,
      sample: [`${context.target.host}:${context.target.port} is a pooler: ${MODES[mode]}`],
      hint: 'Backup and restore need the server itself: for mcpgw migrate put its own host and port into DATABASE_URL (PgBouncer has them under [databases]), or go on without a backup of this tool’s: --no-backup.',
      command: 'mcpgw migrate --no-backup',
    };
  },
};
