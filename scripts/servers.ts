import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from './servers/environment.ts';
import { recipes } from './servers/recipes.ts';
import { SERVER_NAMES, type ServerName } from './servers/server.ts';
import { startServer } from './servers/start-server.ts';
import { stopAll } from './servers/stop-on-exit.ts';

const USAGE = `Usage: npm run servers -- <command> [${SERVER_NAMES.join('|')}]...

  install   fetch what is missing into .servers (nothing is installed on the machine)
  start     start them, print export lines for a shell, and keep them until Ctrl-C

Without names: all of them.`;

const DAY_MS = 24 * 60 * 60 * 1000;

async function install(names: readonly ServerName[]): Promise<void> {
  for (const name of names) {
    await recipes[name].install();
    console.error(`${name}: ${recipes[name].title} is there`);
  }
}

async function start(names: readonly ServerName[]): Promise<never> {
  const servers = await Promise.all(names.map(startServer));
  for (const [name, value] of Object.entries(serverEnvironment(servers))) {
    console.log(`export ${name}='${value}'`);
  }
  console.error('Running until Ctrl-C.');
  for (;;) await sleep(DAY_MS);
}

const [command, ...given] = process.argv.slice(2);
const unknown = given.filter((name) => !SERVER_NAMES.some((known) => known === name));
if ((command !== 'install' && command !== 'start') || unknown.length > 0) {
  console.error(unknown.length > 0 ? `No such server: ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(2);
}
const names = given.length > 0 ? SERVER_NAMES.filter((name) => given.includes(name)) : SERVER_NAMES;
try {
  await (command === 'install' ? install(names) : start(names));
} catch (error) {
  console.error((error as Error).message);
  await stopAll();
  process.exit(1);
}
