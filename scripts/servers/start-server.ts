import { recipes } from './recipes.ts';
import type { RunningServer, ServerName } from './server.ts';
import { stopOnExit } from './stop-on-exit.ts';

/**
 * Starts a private server and returns once it answers. It is stopped by `stop`, and at the latest when this
 * process ends, by whatever signal it can catch.
 *
 * @throws ServerUnavailableError when the server is neither there nor may be fetched
 */
export function startServer(name: ServerName): Promise<RunningServer> {
  stopOnExit();
  return recipes[name].start();
}
