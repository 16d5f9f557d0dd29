import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSource } from '../../src/configuration/import/read-source.ts';
import { GatewayError } from '../../src/errors.ts';
import type { TestDatabase } from '../support/databases.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  agent,
  documentOf,
  emptyGateway,
  gateway,
  importing,
  problemsOf,
  REAL_CONFIG,
  resource,
  server,
  tool,
  written,
} from './import-support.ts';

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const half = JSON.parse('"\\ud83d"') as string;

const whole = () =>
  documentOf({
    gateways: [gateway('g1', 'alpha')],
    tools: [
      tool('t1', 'one', { gateway_id: 'g1' }),
      tool('t2', 'two', { annotations: { a: [1, { b: null }] } }),
    ],
    resources: [resource(1, 'file:///a', { binary_content: 'AAEC' })],
    a2a_agents: [agent('a1', 'helper')],
    servers: [server('s1', 'main', { tools: [{ id: 't1', name: 'one' }] })],
  });

async function refused(file: unknown) {
  const database = await emptyGateway('sqlite');
  const before = readFileSync(database.name);
  const run = await importing(database, written(file));
  expect(run.exitCode).toBe(2);
  expect(readFileSync(database.name).equals(before)).toBe(true);
  return {
    message: run.report.error?.message.replace(/\S*configuration\.json/, 'FILE'),
    problems: problemsOf(run),
  };
}

describe('a file that cannot be imported', () => {
  test.each([
    ['nothing', '', 'FILE is cut off: its JSON has no end at line 1, column 1.'],
    ['no JSON', '{\n  "format": nonsense', 'FILE is no JSON: it goes wrong at line 2, column 13.'],
    [
      'cut off',
      JSON.stringify(whole(), null, 1).slice(0, 400),
      /^FILE is cut off: its JSON has no end at line \d+, column \d+\.$/,
    ],
    [
      'nested without end',
      `{"a": ${'['.repeat(500_000)}`,
      /^FILE is (cut off: its JSON has no end|nested too deep)/,
    ],
    ['nested to the end', `{"format": 1e5, "a": ${deep(500_000)}}`, 'FILE is nested too deep.'],
    ['text', 'what is this?', 'FILE is no JSON: it goes wrong at line 1, column 1.'],
  ])('%s', async (_what, text, message) => {
    const found = await refused(text);
    expect(found.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('is told with the place of all that is wrong', async () => {
    const file = documentOf(
      {
        tools: [
          tool('t1', 'one', { name: 7, enabled: 'yes', created_at: 'yesterday', unknown: 1 }),
          tool('t1', 'two', {
            original_name: undefined,
            annotations: JSON.parse(deep(300)),
            description: `${half}`,
          }),
          null,
        ],
        resources: [resource(2 ** 40, 'file:///a', { binary_content: '%%%', size: 1.5 })],
        servers: [server('s1', 'main', { tools: [{ id: 't1' }], team: 'crew' })],
        rockets: [],
      },
      { secrets: { mode: 'sometimes', keyCheck: 5 } },
    );
    const { message, problems } = await refused(file);
    expect(message).toBe('FILE cannot be imported.');
    expect(problems.map((line) => line.slice(0, line.indexOf(': ')))).toEqual([
      'secrets.mode',
      'secrets.keyCheck',
      'entities.tools[0].created_at',
      'entities.tools[0].enabled',
      'entities.tools[0].name',
      'entities.tools[0]',
      'entities.tools[1].original_name',
      'entities.tools[1].description',
      'entities.tools[1].annotations',
      'entities.tools[2]',
      'entities.resources[0].id',
      'entities.resources[0].size',
      'entities.resources[0].binary_content',
      'entities.servers[0].team',
      'entities.servers[0].tools[0].name',
      'entities',
    ]);
    const twice = documentOf({ tools: [tool('t1', 'one'), tool('t1', 'two')] });
    expect((await refused(twice)).problems).toEqual([
      'entities.tools[1].id: it is that of entities.tools[0], too',
    ]);
    const many = documentOf({ tools: Array.from({ length: 150 }, () => 1) });
    expect((await refused(many)).problems).toHaveLength(101);
  });

  test('that lost a row', async () => {
    const { problems } = await refused({ ...whole(), counts: { tools: 3, gateways: 1, prompts: 0 } });
    expect(problems).toEqual([
      'counts.tools: 3 are promised, 2 are there: the file is damaged or was edited; correct counts',
    ]);
  });

  test.each([
    ['another format', { ...whole(), format: 'sheet-music' }, /^format: /],
    ['another version', { ...whole(), version: 2 }, /^version: /],
    [
      'something of a gateway',
      { version: '2025-03-26', exported_at: 'now', entities: { tools: {}, a2a_agents: [] } },
      /^entities\.tools: /,
    ],
    ['a list', [], /^format: /],
  ])('%s', async (_what, file, first) => {
    expect((await refused(file)).problems[0]).toMatch(first);
  });

  test('too large is refused before it is read, and what is no file by its name', async () => {
    const database = await emptyGateway('sqlite');
    const file = join(temporaryFolder(), 'large.json');
    const handle = openSync(file, 'w');
    ftruncateSync(handle, 2 ** 31);
    closeSync(handle);
    const since = performance.now();
    const large = await importing(database, file);
    expect([large.exitCode, large.report.error?.message]).toEqual([
      2,
      `${file} has more than 256 MiB, the most that is read.`,
    ]);
    expect(performance.now() - since).toBeLessThan(5_000);
    const folder = temporaryFolder();
    expect((await importing(database, folder)).report.error?.message).toBe(
      `${folder} cannot be read: it is a folder.`,
    );
    expect((await importing(database, '/nowhere.json')).report.error?.message).toBe(
      '/nowhere.json cannot be read: it does not exist.',
    );
    const bytes = join(temporaryFolder(), 'bytes.json');
    writeFileSync(bytes, Buffer.from([0x7b, 0xff, 0xfe]));
    expect((await importing(database, bytes)).report.error?.message).toBe(`${bytes} is no text in UTF-8.`);
  });

  test('standard input is a file like others', async () => {
    const database = await emptyGateway('sqlite');
    const run = (input: string) =>
      spawnCli(['import', '-', '--yes', '--no-backup'], {
        env: {
          DATABASE_URL: database.url,
          AUTH_ENCRYPTION_SECRET: 'shared-secret-of-the-tests',
          PLATFORM_ADMIN_EMAIL: 'root@example.org',
        },
        input,
      });
    expect((await run(JSON.stringify(whole()).slice(0, 99))).stderr).toContain('Standard input is cut off');
    expect((await run(JSON.stringify(whole()))).exitCode).toBe(0);
    expect(await database.query('SELECT count(*) FROM tools')).toBe('2');
  });
});

/** A document in which one value, wherever it is, is another. */
function spoilt(file: unknown): fc.Arbitrary<unknown> {
  const places: (readonly (string | number)[])[] = [];
  const walk = (value: unknown, path: readonly (string | number)[]) => {
    places.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value))
      walk(part, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  walk(file, []);
  const other = fc.oneof(
    fc.constantFrom(null, '', 0, -1, 1e300, true, [], {}, '\u0000', half, '__proto__', [[]], [null]),
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
  );
  return fc.tuple(fc.constantFrom(...places), other).map(([path, value]) => {
    if (path.length === 0) return value;
    const copy = structuredClone(file) as Record<string | number, unknown>;
    const [last = '', ...before] = path.toReversed();
    let at = copy;
    for (const key of before.toReversed()) at = at[key] as Record<string | number, unknown>;
    at[last] = value;
    return copy;
  });
}

describe('whatever is wrong with a file', () => {
  const gatewayFile = () =>
    JSON.parse(readFileSync(join(REAL_CONFIG ?? '', 'v0.7.0-export.admin-all.json'), 'utf8')) as object;
  const files = [['ours', whole], ...(REAL_CONFIG === undefined ? [] : [['the gateway’s', gatewayFile]])] as [
    string,
    () => object,
  ][];

  test.each(files)('%s is read or refused with places', (_which, make) => {
    fc.assert(
      fc.property(spoilt(make()), (file) => {
        try {
          readSource(file, 'FILE', '-');
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect(error).toMatchObject({ code: 'USAGE', message: 'FILE cannot be imported.' });
          expect((error as GatewayError).details.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(files)(
    '%s is imported as a whole or not at all',
    async (_which, make) => {
      const database: TestDatabase = await emptyGateway('sqlite');
      const file = written('');
      await fc.assert(
        fc.asyncProperty(spoilt(make()), fc.constantFrom('merge', 'replace'), async (content, mode) => {
          writeFileSync(file, JSON.stringify(content));
          const run = await importing(database, file, ['--mode', mode]);
          expect([0, 2]).toContain(run.exitCode);
          expect(run.report.error?.code ?? 'USAGE').toMatch(/^(USAGE|PREFLIGHT|SETTINGS)$/);
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
