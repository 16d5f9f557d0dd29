import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { isBehindPooler } from '../../database/postgresql/pooler.ts';
import { statement } from '../../database/statement.ts';
import { errorText } from '../../errors.ts';
import { mcpgw, shell } from '../../report/advice.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

type Context = TargetContext<PostgresqlTarget>;

const isPooled = perContext(({ target }: Context) => isBehindPooler(target));

/** Whether a pooler such as PgBouncer answers instead of the server. The migration can live with it, pg_dump cannot. */
export const pooler: DoctorCheck<Context> = {
  id: 'server.pooler',
  title: 'No pooler is between here and the server',
  level: 'warning',
  hint: 'Backup and restore need the server itself: for mcpgw migrate put its own host and port into DATABASE_URL (PgBouncer has them under [databases]), or go on without a backup of this tool’s: --no-backup.',
  command: mcpgw('migrate', '--no-backup'),
  async find(context) {
    const { host, port } = context.target;
    return (await isPooled(context))
      ? found([`${host}:${port} is a pooler, and not the server itself`])
      : CLEAN;
  },
};

/** Statement pooling refuses BEGIN, without which neither the gateway nor the migration can work. */
export const transactions: DoctorCheck<Context> = {
  id: 'server.transactions',
  title: 'Transactions are allowed',
  level: 'error',
  hint: 'Set pool_mode to session or transaction in pgbouncer.ini (it can differ per database and user) and reload it, or point DATABASE_URL at PostgreSQL itself.',
  decisive: true,
  async find(context) {
    if (!(await isPooled(context))) return CLEAN;
    try {
      await context.connect('read', async (db) => {
        await db.run(statement('BEGIN READ ONLY'));
        await db.run(statement('ROLLBACK'));
      });
      return CLEAN;
    } catch (error) {
      if (!/statement pooling/i.test(errorText(error))) return CLEAN;
    }
    const { host, port } = context.target;
    const command = shell(`psql --host=${host} --port=${port} --command=RELOAD pgbouncer`);
    return found([`${host}:${port}: pool_mode = statement`], { command });
  },
};
