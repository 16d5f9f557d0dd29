import { galera } from './galera.ts';
import { mariadb } from './mariadb.ts';
import { mysql } from './mysql.ts';
import { pgbouncer } from './pgbouncer.ts';
import { postgres } from './postgres.ts';
import { postgres18 } from './postgres18.ts';
import type { ServerName, ServerRecipe } from './server.ts';

/** Every server by name. A new one is a file with a recipe, a name in `SERVER_NAMES` and a line here. */
export const recipes: Readonly<Record<ServerName, ServerRecipe>> = {
  postgres,
  postgres18,
  mariadb,
  mysql,
  pgbouncer,
  galera,
};
