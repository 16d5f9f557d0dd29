import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { launch } from './launch.ts';
import { runProgram } from './run-program.ts';
import { removeFolder } from './running.ts';
import type { RunningServer, ServerName } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { type RunAs, unprivilegedUser } from './unprivileged-user.ts';

export interface PostgresqlOptions {
  readonly name: ServerName;
  /** The installation, which PostgreSQL finds its parts in wherever it is. */
  readonly root: string;
  /** The folder of `initdb` and `postgres` in it. */
  readonly bin: string;
  /** It waits for the log of a primary that there is none of: a replica, which can only be read. */
  readonly standby?: boolean;
}

/** Starts PostgreSQL of any version from its programs, with an administrator `mcpgw` and password login. */
export async function startPostgresql(options: PostgresqlOptions): Promise<RunningServer> {
  const runAs = unprivilegedUser();
  const folder = temporaryFolder(options.name, runAs);
  const data = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  let programs: string;
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (runAs.uid !== undefined && runAs.gid !== undefined) {
      chownSync(passwordFile, runAs.uid, runAs.gid);
    }
    programs = await reachablePrograms(options, folder, runAs);
    await runProgram(
      join(programs, 'initdb'),
      [
        ...['-D', data, '-U', 'mcpgw', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
      ],
      { ...runAs, cwd: folder },
    );
    if (options.standby === true) writeFileSync(join(data, 'standby.signal'), '');
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    // A standby must allow at least what its cluster was made with.
    ...(options.standby === true ? {} : { wal_level: 'minimal', max_wal_senders: '0' }),
    max_wal_size: '2GB',
    max_connections: '100',
    max_prepared_transactions: '4',
    shared_buffers: '128MB',
  };
  return launch({
    name: options.name,
    url: `postgresql://mcpgw:${password}@127.0.0.1:${port}/postgres`,
    clientPath: clientPath(join(options.root, options.bin)),
    program: join(programs, 'postgres'),
    args: [
      ...['-D', data, '-p', String(port)],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    folder,
    runAs,
    // Immediate shutdown: it ends its children and removes its shared memory, which SIGKILL would not.
    stopSignal: 'SIGQUIT',
    async answers() {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'mcpgw',
        password,
        database: 'postgres',
      });
      await client.connect();
      await client.end();
    },
  });
}

/** A project in root's home folder is out of reach for another user: then the programs are copied to `folder`. */
async function reachablePrograms(options: PostgresqlOptions, folder: string, runAs: RunAs): Promise<string> {
  const programs = join(options.root, options.bin);
  try {
    await runProgram(join(programs, 'initdb'), ['--version'], { ...runAs, cwd: folder });
    return programs;
  } catch (error) {
    if (runAs.uid === undefined) throw error;
    const copy = join(folder, 'programs');
    cpSync(options.root, copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, options.bin);
  }
}

/** The folder of `psql` and `pg_dump`: the server's own, else the PATH's, which may be older; '' without any. */
function clientPath(programs: string): string {
  if (existsSync(join(programs, 'psql'))) return programs;
  const psql = findProgram('psql');
  return psql === undefined ? '' : dirname(psql);
}
