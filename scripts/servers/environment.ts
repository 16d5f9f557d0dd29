import type { RunningServer, ServerName } from './server.ts';

/**
 * The variable that gives a server by its URL, as tests read it: `TEST_POSTGRES_URL`. A cluster is given by the
 * URLs of its nodes with commas between them: `TEST_GALERA_URLS`.
 */
export function urlVariable(name: ServerName): string {
  return `TEST_${name.toUpperCase()}_URL${name === 'galera' ? 'S' : ''}`;
}

/** The variable that names the folder of its client programs: `TEST_POSTGRES_CLIENTS`. */
function clientsVariable(name: ServerName): string {
  return `TEST_${name.toUpperCase()}_CLIENTS`;
}

/** What tests need in their environment to use these servers. */
export function serverEnvironment(servers: readonly RunningServer[]): Record<string, string> {
  return Object.fromEntries(
    servers.flatMap(({ name, url, urls = [url], clientPath }) => [
      [urlVariable(name), urls.join(',')],
      [clientsVariable(name), clientPath],
    ]),
  );
}
