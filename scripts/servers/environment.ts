import type { RunningServer, ServerName } from './server.ts';

/** The variable that gives a server by its URL, as tests read it: `TEST_POSTGRES_URL`. */
export function urlVariable(name: ServerName): string {
  return `TEST_${name.toUpperCase()}_URL`;
}

/** The variable that names the folder of its client programs: `TEST_POSTGRES_CLIENTS`. */
function clientsVariable(name: ServerName): string {
  return `TEST_${name.toUpperCase()}_CLIENTS`;
}

/** What tests need in their environment to use these servers. */
export function serverEnvironment(servers: readonly RunningServer[]): Record<string, string> {
  return Object.fromEntries(
    servers.flatMap(({ name, url, clientPath }) => [
      [urlVariable(name), url],
      [clientsVariable(name), clientPath],
    ]),
  );
}
