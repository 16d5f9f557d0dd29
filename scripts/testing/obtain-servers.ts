import { serverEnvironment, urlVariable } from '../servers/environment.ts';
import { recipes } from '../servers/recipes.ts';
import { SERVER_NAMES, type ServerName } from '../servers/server.ts';
import { startServer } from '../servers/start-server.ts';

export interface ObtainedServers {
  /** What tests need in their environment to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  /** One line for each server: that it runs and whence, or why it does not. */
  readonly lines: readonly string[];
  /** Those that do not run, or that something cannot be tested with. */
  readonly missing: readonly ServerName[];
}

/** Every server that is not given by URL, started. What cannot be had is named with the reason. */
export async function obtainServers(given: NodeJS.ProcessEnv): Promise<ObtainedServers> {
  const outcomes = await Promise.all(SERVER_NAMES.map((name) => obtain(name, given)));
  return {
    environment: Object.assign({}, ...outcomes.map((outcome) => outcome.environment)),
    lines: outcomes.map((outcome) => outcome.line),
    missing: SERVER_NAMES.filter((_, index) => outcomes[index]?.missing),
  };
}

async function obtain(name: ServerName, given: NodeJS.ProcessEnv) {
  const label = name.padEnd(10);
  if (given[urlVariable(name)]) {
    return { environment: {}, line: `${label} runs: given by ${urlVariable(name)}`, missing: false };
  }
  try {
    const server = await startServer(name);
    const but = server.lacks === undefined ? '' : `; BUT ${server.lacks}`;
    const line = `${label} runs: ${recipes[name].title}, started privately${but}`;
    return { environment: serverEnvironment([server]), line, missing: server.lacks !== undefined };
  } catch (error) {
    return { environment: {}, line: `${label} DOES NOT RUN: ${(error as Error).message}`, missing: true };
  }
}
