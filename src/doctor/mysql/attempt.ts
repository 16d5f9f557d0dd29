import type { Connection } from '../../database/connection.ts';
import { withDatabase } from '../../database/with-database.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import { type Refusal, refusalOf } from './refusal.ts';

type Context = TargetContext<MysqlTarget>;

/** What the one real attempt to log in ended in. */
export interface Attempt {
  /** Null when it worked. */
  readonly refusal: Refusal | null;
  /** `MariaDB 10.11.19`; null when nobody was let in. */
  readonly server: string | null;
}

const known = new WeakMap<Context, Promise<Attempt>>();

/** The attempt that the examinations of a server share. */
export function attemptOf(context: Context): Promise<Attempt> {
  const attempt = known.get(context) ?? logIn(context);
  known.set(context, attempt);
  return attempt;
}

const ACCESS_DENIED = 1045;
/** Ours: a server says this in the words of a wrong password. */
export const NEEDS_TLS = 'NEEDS_TLS';

async function logIn(context: Context): Promise<Attempt> {
  const { target } = context;
  const first = await attempt((use) => context.connect('read', use));
  if (first.refusal?.code !== ACCESS_DENIED || target.ssl.mode !== 'disabled') return first;
  const secured: MysqlTarget = { ...target, ssl: { ...target.ssl, mode: 'required' } };
  const { refusal } = await attempt((use) =>
    withDatabase(secured, { access: 'read', retries: 0, retryIntervalMs: 0 }, use),
  );
  const letIn = refusal === null || refusal.gate === 'database' || refusal.gate === 'version';
  return letIn ? { ...first, refusal: { ...first.refusal, gate: 'tls', code: NEEDS_TLS } } : first;
}

type Use = (db: Connection) => Promise<string>;

async function attempt(connect: (use: Use) => Promise<string>): Promise<Attempt> {
  try {
    const server = await connect(
      async ({
        dialect: {
          server: { product, version },
        },
      }) => `${product} ${version}`,
    );
    return { refusal: null, server };
  } catch (error) {
    return { refusal: refusalOf(error), server: null };
  }
}
