import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Gateway, RunningGateway } from '../../../scripts/gateway/start-gateway.ts';
import type { DatabaseId } from '../../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { type CliResult, spawnCli } from '../../support/spawn-cli.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { content } from './content.ts';
import { giveRealSecrets } from './dump-secrets.ts';
import { errorsOf } from './errors-of.ts';
import { type AtEnd, gatewayOn } from './gateways.ts';
import { type Client, client, LISTS, listsOf, logIn, oldToken, type Served, served } from './served.ts';

/** A database of a real gateway, for the test that is running; its secrets are still made up. */
export async function realDatabase(id: DatabaseId, state: string): Promise<TestDatabase> {
  const database = await emptyDatabase(id);
  await database.load(join(REAL_DATABASES!, `${state}.${database.dialect}.sql`));
  return database;
}

export async function emptyDatabase(id: DatabaseId, atEnd: AtEnd = onTestFinished): Promise<TestDatabase> {
  const database = await createDatabase(id);
  atEnd(() => database.drop());
  return database;
}

/** Runs the built program, as the administrator of the tests. @throws AssertionError when it does not end with 0 */
export async function mcpgw(database: TestDatabase, ...args: string[]): Promise<CliResult> {
  const result = await spawnCli(args, { env: { DATABASE_URL: database.url } });
  expect(result.exitCode, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(0);
  return result;
}

/** v0.7.0 on a database: its start finds nothing to do, it serves all, and logs no error that its own does not. */
export async function expectAccepted(database: TestDatabase, before: Served = new Map()): Promise<void> {
  const gateway = await gatewayOn(database, '0.7.0');
  await expectNothingToDo(database, gateway);
  const known = await controlErrors(database.id);
  await whileServing(gateway, async (at) => {
    const admin = await logIn(at, ADMIN.email, ADMIN.password);
    await expect(logIn(at, ADMIN.email, 'not-the-password')).rejects.toThrow(/answered (401|500)/);
    expectSame(before, await served('0.7.0', admin));
    await expectWholeLists(database, admin);
    await useIt(at, admin);
    expect(errorsOf(at.log()).filter((line) => !known.includes(line))).toEqual([]);
  });
}

/** What v0.6.0 serves of a database whose secrets it can open. */
export async function servedByOld(database: TestDatabase): Promise<Served> {
  const old = await gatewayOn(database, '0.6.0', {});
  await giveRealSecrets(database, old);
  const token = await oldToken(old);
  let lists: Served = new Map();
  await whileServing(old, async (at) => {
    lists = await served('0.6.0', client(at, token));
  });
  return lists;
}

export async function whileServing(
  gateway: Gateway,
  use: (at: RunningGateway) => Promise<void>,
): Promise<void> {
  const at = await gateway.start();
  try {
    await use(at);
  } catch (error) {
    const lines = at
      .log()
      .split('\n')
      .filter((line) => !/\bINFO\b/.test(line));
    throw new Error(`${(error as Error).message}\n${lines.slice(-40).join('\n')}`, { cause: error });
  } finally {
    await at.stop();
  }
}

/** The gateway's own start-up work finds nothing left to do. */
export async function expectNothingToDo(database: TestDatabase, gateway: Gateway): Promise<void> {
  const before = await content(database);
  const { exitCode, output } = await gateway.tryRun('mcpgateway.bootstrap_db');
  expect({ exitCode, errors: errorsOf(output) }).toEqual({ exitCode: 0, errors: [] });
  expect(await content(database)).toEqual(before);
}

const controls = new Map<DatabaseId, Promise<string[]>>();

/** The errors that v0.7.0 logs on a database it made itself, when it is used in the same way. */
function controlErrors(id: DatabaseId): Promise<string[]> {
  const errors = controls.get(id) ?? readControlErrors(id);
  controls.set(id, errors);
  return errors;
}

async function readControlErrors(id: DatabaseId): Promise<string[]> {
  const database = await emptyDatabase(id);
  const gateway = await gatewayOn(database, '0.7.0');
  let errors: string[] = [];
  await whileServing(gateway, async (at) => {
    const admin = await logIn(at, ADMIN.email, ADMIN.password);
    await logIn(at, ADMIN.email, 'not-the-password').catch(() => {});
    await served('0.7.0', admin);
    await useIt(at, admin);
    errors = errorsOf(at.log());
  });
  return errors;
}

/** v0.6.0 serves none of these for prompts and resources, though the table has them. */
const AUDIT = /^(created|modified)(By|FromIp|Via|UserAgent)$|^(importBatchId|federationSource|version)$/;

/** Every entity is served as before, but for fields that v0.6.0 did not know or did not serve. */
export function expectSame(before: Served, after: Served): void {
  for (const [path, entities] of before) {
    const now = after.get(path);
    if (now === undefined) continue;
    expect([...now.keys()].toSorted(), path).toEqual([...entities.keys()].toSorted());
    for (const [id, entity] of entities) {
      const known = Object.fromEntries(
        Object.entries(entity).map(([name, value]) => [
          name,
          value === null && AUDIT.test(name) ? null : now.get(id)?.[name],
        ]),
      );
      expect(known, `${path} ${id}`).toEqual(entity);
    }
  }
}

async function expectWholeLists(database: TestDatabase, admin: Client): Promise<void> {
  const lists = await served('0.7.0', admin);
  for (const path of listsOf('0.7.0')) {
    const rows = Number(await database.query(`SELECT count(*) FROM ${LISTS[path]}`));
    expect(lists.get(path)?.size, path).toBe(rows);
  }
}

/** One of each thing is made, and the pages of the administrator are opened. */
async function useIt(at: RunningGateway, admin: Client): Promise<void> {
  const tool = (await admin.post('/tools', {
    tool: {
      name: 'judge_tool',
      url: 'http://127.0.0.1:9/judge',
      integration_type: 'REST',
      request_type: 'POST',
    },
  })) as { id: string };
  const resource = (await admin.post('/resources', {
    resource: { uri: 'judge://one', name: 'judge resource', content: 'text' },
  })) as { id: number };
  const prompt = (await admin.post('/prompts', {
    prompt: { name: 'judge prompt', template: 'Say {{ word }}', arguments: [{ name: 'word' }] },
  })) as { id: number };
  await admin.post('/servers', {
    server: {
      name: 'judge server',
      associated_tools: [tool.id],
      associated_resources: [String(resource.id)],
      associated_prompts: [String(prompt.id)],
    },
  });
  await admin.post('/teams/', { name: 'Judge Team' });
  const person = { email: 'judge@example.org', password: 'Judge-Passw0rd!', full_name: 'A Judge' };
  await admin.post('/auth/email/register', person);
  await logIn(at, person.email, person.password);

  const form = new URLSearchParams({ email: ADMIN.email, password: ADMIN.password });
  const page = await fetch(`${at.url}/admin/login`, { method: 'POST', body: form, redirect: 'manual' });
  expect([302, 303]).toContain(page.status);
  const cookie = page.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const dashboard = await fetch(`${at.url}/admin/`, { headers: { cookie } });
  expect(dashboard.status).toBe(200);
  expect(await dashboard.text()).toContain('judge server');
  const exported = (await admin.get('/export?include_inactive=true')) as {
    entities: Record<string, unknown[]>;
  };
  expect(exported.entities.tools?.length).toBeGreaterThan(0);
}
