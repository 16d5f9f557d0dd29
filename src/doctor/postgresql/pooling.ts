import { sql } from 'kysely';
import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import { isBehindPooler } from '../../database/postgresql/pooler.ts';
import { statement } from '../../database/statement.ts';
import { errorText } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

type Context = TargetContext<PostgresqlTarget>;

/** How a pooler hands out the server's connections, for people. */
const MODES = {
  session: 'a server connection stays with its client (session pooling), as far as can be seen',
  transaction: 'clients share server connections, transaction by transaction (transaction pooling)',
  statement: 'clients share server connections, statement by statement (statement pooling)',
  unknown: 'how it shares the server’s connections could not be seen',
} as const;

/** Other clients may take the connection that was just given back; so often it is looked at. */
const LOOKS = 3;

/** Null without a pooler. */
const pooling = perContext(async ({ target, connect }: Context): Promise<keyof typeof MODES | null> => {
  if (!(await isBehindPooler(target))) return null;
  try {
    return await connect('read', async (first) => {
      const refusal = await transactionRefusal(first);
      if (refusal !== null) return /statement pooling/i.test(refusal) ? 'statement' : 'unknown';
      return await connect('read', async (second) => {
        for (let look = 0; look < LOOKS; look++) {
          // Two clients that are both connected share a server process only when neither has it for good.
          if ((await processOf(first)) === (await processOf(second))) return 'transaction';
        }
        return 'session';
      });
    });
  } catch {
    return 'unknown';
  }
});

async function transactionRefusal(db: Connection): Promise<string | null> {
  try {
    await db.run(statement('BEGIN READ ONLY'));
    await db.run(statement('ROLLBACK'));
    return null;
  } catch (error) {
    return errorText(error);
  }
}

async function processOf(db: Connection): Promise<number | undefined> {
  const [row] = await db.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  return row?.pid;
}

/** Whether a pooler such as PgBouncer answers instead of the server. The migration can live with it, pg_dump cannot. */
export const pooler: DoctorCheck<Context> = {
  id: 'server.pooler',
  title: 'No pooler is between here and the server',
  level: 'warning',
  hint: 'Backup and restore need the server itself: for mcpgw migrate put its own host and port into DATABASE_URL (PgBouncer has them under [databases]), or go on without a backup of this tool’s: --no-backup.',
  command: 'mcpgw migrate --no-backup',
  async find(context) {
    const mode = await pooling(context);
    const { host, port } = context.target;
    return mode === null ? CLEAN : found([`${host}:${port} is a pooler: ${MODES[mode]}`]);
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
    if ((await pooling(context)) !== 'statement') return CLEAN;
    const { host, port } = context.target;
    const command = `psql --host=${host} --port=${port} --command=RELOAD pgbouncer`;
    return found([`${host}:${port}: pool_mode = statement`], { command });
  },
};
