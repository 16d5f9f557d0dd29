import { chownSync, cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { launch } from './launch.ts';
import { postgres } from './postgres.ts';
import { removeFolder } from './running.ts';
import type { RunningServer, ServerRecipe } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { unprivilegedUser } from './unprivileged-user.ts';
import { wrapPrograms } from './wrap-programs.ts';

/** PgBouncer in front of a PostgreSQL of its own. */
export const pgbouncer: ServerRecipe = {
  title: "PgBouncer in transaction pooling (Debian's packages), before a PostgreSQL of its own",

  async install() {
    await postgres.install();
    await findPgbouncer();
  },

  async start() {
    await findPgbouncer();
    const server = await postgres.start();
    try {
      const pooler = await startPgbouncer(server.url);
      return {
        ...pooler,
        async stop() {
          await pooler.stop();
          await server.stop();
        },
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  },
};

/** So few that clients have to share: what one leaves in a session, another would meet. */
const SERVER_CONNECTIONS = 3;

/**
 * Starts PgBouncer in front of a server, for all of its databases.
 *
 * @param server URL of an account with its password, which is the one to log in with here as well
 */
export async function startPgbouncer(
  server: string,
  poolMode: 'session' | 'transaction' | 'statement' = 'transaction',
): Promise<RunningServer> {
  const installed = await findPgbouncer();
  const { hostname, port: serverPort, username, password, pathname } = new URL(server);
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  // Like PostgreSQL, it refuses to run as root.
  const runAs = unprivilegedUser();
  const folder = temporaryFolder('pgbouncer', runAs);
  const port = await freePort();
  const settings = join(folder, 'pgbouncer.ini');
  try {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const users = join(folder, 'users.txt');
    writeFileSync(users, `${quoted(user)} ${quoted(secret)}\n`, { mode: 0o600 });
    writeFileSync(
      settings,
      [
        '[databases]',
        `* = host=${hostname} port=${serverPort || 5432}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        'auth_type = scram-sha-256',
        `auth_file = ${users}`,
        `admin_users = ${user}`,
        `pool_mode = ${poolMode}`,
        `default_pool_size = ${SERVER_CONNECTIONS}`,
        'max_client_conn = 200',
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    if (runAs.uid !== undefined && runAs.gid !== undefined) {
      for (const file of [users, settings]) chownSync(file, runAs.uid, runAs.gid);
    }
    // A project in root's home folder is out of reach for the other user.
    if (installed.fetched !== null) {
      cpSync(installed.fetched, join(folder, 'programs'), { recursive: true, verbatimSymlinks: true });
    }
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const psql = findProgram('psql');
  return launch({
    name: 'pgbouncer',
    url: `postgresql://${username}:${password}@127.0.0.1:${port}${pathname}`,
    clientPath: psql === undefined ? '' : dirname(psql),
    program: installed.fetched === null ? installed.program : join(folder, 'programs/bin/pgbouncer'),
    args: [settings],
    folder,
    runAs,
    stopSignal: 'SIGKILL',
    async answers() {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user,
        password: secret,
        database: pathname.slice(1) || 'postgres',
      });
      await client.connect();
      await client.end();
    },
  });
}

interface PgbouncerInstallation {
  readonly program: string;
  /** The folder of the unpacked packages; null for the machine's own. */
  readonly fetched: string | null;
}

async function findPgbouncer(): Promise<PgbouncerInstallation> {
  const program = findProgram('pgbouncer');
  if (program !== undefined) return { program, fetched: null };
  const fetched = await cacheFolder('pgbouncer', async (filling) => {
    await extractPackages({ server: 'pgbouncer', packages: ['pgbouncer'], suite: 'machine' }, filling);
    wrapPrograms(filling, ['pgbouncer']);
  });
  return { program: join(fetched, 'bin/pgbouncer'), fetched };
}
