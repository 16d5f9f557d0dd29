import { sql } from 'kysely';
import type { DoctorCheck } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import { isBehindPooler } from '../../database/postgresql/pooler.ts';
import { statement } from '../../database/statement.ts';
import { errorText } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

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
const pooling = perContext(
  async (context: TargetContext<PostgresqlTarget>): Promise<keyof typeof MODES | null> => {
    if (!(await isBehindPooler(context.target))) return null;
    try {
      return await context.connect('read', async (first) => {
        const refusal = await transactionRefusal(first);
        if (refusal !== null) return /statement pooling/i.test(refusal) ? 'statement' : 'unknown';
        return await context.connect('read', async (second) => {
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
  },
);

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
export const pooler: DoctorCheck<TargetContext<PostgresqlTarget>> = {
  id: 'server.pooler',
  title: 'No pooler is between here and the server',
  level: 'warning',
  hint: 'A pooler such as PgBouncer answers in the server’s place. The migration itself works through it, but backup and restore need the server itself.',
  command: 'mcpgw migrate --no-backup',
  async find(context) {
    const mode = await pooling(context);
    if (mode === null) return CLEAN;
    return {
      count: 1,
      sample: [`${context.target.host}:${context.target.port} is a pooler: ${MODES[mode]}`],
      hint: 'Backup and restore need the server itself: for mcpgw migrate put its own host and port into DATABASE_URL (PgBouncer has them under [databases]), or go on without a backup of this tool’s: --no-backup.',
    };
  },
};

/** Statement pooling refuses BEGIN, without which neither the gateway nor the migration can work. */
export const transactions: DoctorCheck<TargetContext<PostgresqlTarget>> = {
  id: 'server.transactions',
  title: 'Transactions are allowed',
  level: 'error',
  hint: 'The pooler gives out the server’s connections for one statement only, and so refuses transactions.',
  decisive: true,
  async find(context) {
    const { host, port } = context.target;
    if ((await pooling(context)) !== 'statement') return CLEAN;
    return {
      count: 1,
      sample: [`${host}:${port}: pool_mode = statement`],
      hint: 'Set pool_mode to session or transaction in pgbouncer.ini (it can differ per database and user) and reload it, or point DATABASE_URL at PostgreSQL itself.',
      command: `psql --host=${host} --port=${port} --command=RELOAD pgbouncer`,
    };
  },
};
