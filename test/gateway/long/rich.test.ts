import { expect, test } from 'vitest';
import type { TestDatabase } from '../../support/databases.ts';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { giveRealSecrets } from '../support/dump-secrets.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import {
  emptyDatabase,
  expectNothingToDo,
  expectSame,
  mcpgw,
  realDatabase,
  whileServing,
} from '../support/judge.ts';
import { mcpServer, restService, TOKEN } from '../support/peers.ts';
import { type Client, call, client, logIn, oldToken, type Served, served } from '../support/served.ts';

/** Each kind of authentication that v0.6.0 gives a tool. */
const TOOL_AUTH = {
  none: {},
  basic: { auth_type: 'basic', auth_username: 'judge', auth_password: 'Planted-Basic-1177' },
  bearer: { auth_type: 'bearer', auth_token: TOKEN },
  headers: { auth_type: 'authheaders', auth_header_key: 'X-Key', auth_header_value: 'Planted-Header-31' },
} as const;

describeJudged('a database filled through v0.6.0', ['0.6.0', '0.7.0'], ({ id, dialect }) => {
  // v0.6.0 cannot create its own schema on MySQL and MariaDB: there it begins with one that is filled already.
  const given = dialect === 'mysql';
  test.skipIf(given && REAL_DATABASES === undefined)(
    'is served by v0.7.0, its tools are called',
    async () => {
      const database = given ? await realDatabase(id, 'v0.6.0-small') : await emptyDatabase(id);
      if (given) await giveRealSecrets(database, await gatewayOn(database, '0.6.0', {}));
      const rest = await restService();
      const before = await fillThroughOld(database, rest.url);
      const callsBefore = rest.calls();
      expect(callsBefore).toBeGreaterThan(0);

      await mcpgw(database, 'migrate', '--yes', '--no-backup');
      await mcpgw(database, 'verify');
      const gateway = await gatewayOn(database, '0.7.0');
      await expectNothingToDo(database, gateway);
      await whileServing(gateway, async (at) => {
        const admin = await logIn(at, ADMIN.email, ADMIN.password);
        expectSame(before, await served('0.7.0', admin));
        await expectContents(admin, before);
        expect(await call(admin, 'rest-bearer')).toContain('echo');
        expect(rest.calls()).toBe(callsBefore + 1);
        expect(await call(admin, 'peer-get-time', { place: 'Ghent' })).toContain('noon in Ghent');
      });
    },
  );
});

/** @returns what v0.6.0 serves of it, at its end */
async function fillThroughOld(database: TestDatabase, restUrl: string): Promise<Served> {
  const old = await gatewayOn(database, '0.6.0', {});
  const peer = await mcpServer();
  const token = await oldToken(old);
  let lists: Served = new Map();
  await whileServing(old, async (at) => {
    const admin = client(at, token);
    const tools: string[] = [];
    for (const [kind, auth] of Object.entries(TOOL_AUTH)) {
      const tool = (await admin.post('/tools', {
        name: `rest_${kind}`,
        url: `${restUrl}/${kind}`,
        description: `Ein Werkzeug <${kind}> & “mehr” 🚀`,
        integration_type: 'REST',
        request_type: 'POST',
        inputSchema: { type: 'object', properties: { word: { type: 'string' } } },
        tags: ['judge', kind],
        ...auth,
      })) as { id: string };
      tools.push(tool.id);
    }
    await admin.post('/gateways', {
      name: 'peer',
      url: peer.url,
      transport: 'STREAMABLEHTTP',
      auth_type: 'bearer',
      auth_token: TOKEN,
    });
    const text = (await admin.post('/resources', {
      uri: 'judge://text',
      name: 'text',
      mime_type: 'text/plain',
      content: 'Grüße, 世界',
    })) as { id: number };
    await admin.post('/resources', {
      uri: 'judge://binary',
      name: 'binary',
      mime_type: 'application/octet-stream',
      content: 'AAEC/w==',
    });
    const prompt = (await admin.post('/prompts', {
      name: 'greeting',
      template: 'Say {{ word }} to {{ name }}',
      arguments: [
        { name: 'word', required: true },
        { name: 'name', description: 'who' },
      ],
    })) as { id: number };
    await admin.post('/a2a', { name: 'agent', endpoint_url: `${restUrl}/agent`, agent_type: 'generic' });
    await admin.post('/servers', {
      name: 'full server',
      description: 'all of it',
      associated_tools: tools,
      associated_resources: [String(text.id)],
      associated_prompts: [String(prompt.id)],
    });
    await admin.post(`/tools/${tools[0]}/toggle?activate=false`, {});
    expect(await call(admin, 'rest-bearer')).toContain('echo');
    expect(await call(admin, 'peer-get-time', { place: 'Ghent' })).toContain('noon');
    lists = await served('0.6.0', admin);
  });
  return lists;
}

/** What each resource and prompt gives is what it gave: both are read once more, each in its own way. */
async function expectContents(admin: Client, before: Served): Promise<void> {
  expect(before.get('/resources')?.size).toBeGreaterThan(1);
  const text = await admin.send('GET', '/resources/judge://text');
  expect(text.status).toBe(200);
  expect(text.text).toContain('Grüße, 世界');
  const prompt = await admin.send('POST', '/prompts/greeting', { word: 'hello', name: 'Ada' });
  expect(prompt.text).toContain('Say hello to Ada');
}
