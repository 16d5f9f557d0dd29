import { describe, expect, test } from 'vitest';
import { authKey, decryptAuthValue, encryptAuthValue } from '../../src/ciphers/auth-value.ts';
import { keyCheck } from '../../src/ciphers/key-check.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { databaseContent } from '../support/table-content.ts';
import {
  agent,
  counts,
  documentOf,
  emptyGateway,
  gateway,
  importing,
  mcpgw,
  problemsOf,
  ROOT,
  resource,
  SECRET,
  server,
  tool,
  written,
} from './import-support.ts';

const content = (database: TestDatabase) =>
  connect(database, async (db) => {
    const all = await databaseContent(db, await db.dialect.readSchema(db));
    return JSON.stringify([...all].map(([table, rows]) => [table, [...rows]]));
  });

const PLANTED = 'planted-secret-4711';
const sealed = (headers: object, secret = SECRET) => encryptAuthValue(headers as never, authKey(secret));

/** Something of every type, with credentials and links. */
const everything = () =>
  documentOf({
    global_config: [{ id: 1, passthrough_headers: ['X-Tenant'] }],
    gateways: [
      gateway('g1', 'alpha', {
        auth_type: 'bearer',
        auth_value: sealed({ Authorization: `Bearer ${PLANTED}` }),
      }),
    ],
    tools: [
      tool('t1', 'weather', { auth_type: 'authheaders', auth_value: sealed({ 'X-Key': PLANTED }) }),
      tool('t2', 'alpha-time', {
        original_name: 'time',
        gateway_id: 'g1',
        description: '<b> & “ü” 開発',
        annotations: null,
      }),
    ],
    resources: [resource(7, 'file:///a', { text_content: 'Hällo', binary_content: 'AAEC/w==', size: 5 })],
    prompts: [
      { ...resource(3, 'x'), uri: undefined, name: 'greet', template: 'Hi {{ name }}', argument_schema: {} },
    ],
    a2a_agents: [agent('a1', 'helper', { auth_type: 'bearer', auth_value: sealed({ secret: PLANTED }) })],
    servers: [
      server('s1', 'main', {
        icon: 'https://icons.example/i.png',
        is_active: false,
        tools: [
          { id: 't2', name: 'alpha-time' },
          { id: 't1', name: 'weather' },
        ],
        resources: [{ id: 7, name: 'file:///a' }],
        prompts: [{ id: 3, name: 'greet' }],
        a2a_agents: [{ id: 'a1', name: 'helper' }],
      }),
    ],
  });

describeEachDatabase('an import', ({ id }) => {
  test('makes what is missing, with all that is in the file, and nothing the second time', async () => {
    const database = await emptyGateway(id);
    const file = written(everything());
    const dryRun = await importing(database, file, ['--dry-run']);
    expect([dryRun.exitCode, problemsOf(dryRun)]).toEqual([0, []]);
    const first = await importing(database, file);
    expect([first.exitCode, problemsOf(first)]).toEqual([0, []]);
    expect(counts(first)).toEqual(counts(dryRun));
    const query = (sql: string) => database.query(sql);
    expect(await query('SELECT id, gateway_id, description FROM tools ORDER BY id')).toBe(
      't1\tNULL\tNULL\nt2\tg1\t<b> & “ü” 開発',
    );
    expect(await query('SELECT id, text_content, size FROM resources')).toBe('7\tHällo\t5');
    expect(await query('SELECT auth_value FROM a2a_agents')).toBe(PLANTED);
    const stored = await query("SELECT auth_value FROM tools WHERE id = 't1'");
    expect(decryptAuthValue(stored, authKey(SECRET))).toEqual({ 'X-Key': PLANTED });
    for (const [table, column, linked] of [
      ['server_tool_association', 'tool_id', 't1\nt2'],
      ['server_resource_association', 'resource_id', '7'],
      ['server_prompt_association', 'prompt_id', '3'],
      ['server_a2a_association', 'a2a_agent_id', 'a1'],
    ])
      expect(await query(`SELECT ${column} FROM ${table} ORDER BY 1`)).toBe(linked);
    const after = await content(database);
    for (const mode of ['merge', 'replace']) {
      const again = await importing(database, file, ['--mode', mode]);
      expect([mode, again.exitCode, again.report.steps]).toEqual([mode, 0, []]);
      expect(again.report.sections.find((each) => each.id === 'changes')?.rows).toEqual([
        ['Nothing: all of it is here already.'],
      ]);
    }
    expect(await content(database)).toBe(after);
    expect((await mcpgw(database, ['verify'])).exitCode).toBe(0);
    const history = await query("SELECT step FROM mcpgw_migration WHERE step LIKE 'import:%' ORDER BY id");
    expect(history.split('\n')).toContain('import:tools');
    for (const { stdout, stderr } of [dryRun, first]) {
      expect(stdout + stderr).not.toContain(PLANTED);
      expect(stdout + stderr).not.toContain(stored);
    }
  });

  test('in mode replace changes the columns that differ, and keeps ids and who made a row', async () => {
    const database = await emptyGateway(id);
    const before = [tool('t1', 'weather', { created_by: 'then', tags: ['a'] }), tool('t2', 'other')];
    await importing(
      database,
      documentOf({
        tools: before,
        servers: [server('s1', 'main', { tools: [{ id: 't1', name: 'weather' }] })],
      }),
    );
    const file = written(
      documentOf({
        tools: [
          tool('another', 'weather', { created_by: 'now', tags: ['b'], description: 'new', enabled: false }),
        ],
        servers: [server('s1', 'main', { tools: [{ id: 't2', name: 'other' }] })],
      }),
    );
    expect((await importing(database, file)).report.steps).toEqual([]);
    const run = await importing(database, file, ['--mode', 'replace']);
    expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
    const written_ = run.report.sections.find((section) => section.id === 'changes')?.rows;
    expect(written_).toEqual([
      ['update', 'tool weather', 'description: null → "new"; enabled: true → false; tags: ["a"] → ["b"]'],
      ['update', 'server main', 'links: 1 more, 1 less'],
    ]);
    expect(await database.query("SELECT created_by, description FROM tools WHERE id = 't1'")).toBe(
      'then\tnew',
    );
    expect(await database.query('SELECT tool_id FROM server_tool_association')).toBe('t2');
    expect((await importing(database, file, ['--mode', 'replace'])).report.steps).toEqual([]);
  });

  test('shows no credential that changes, in whatever it prints', async () => {
    const database = await emptyGateway(id);
    await importing(database, everything());
    const old = await database.query("SELECT auth_value FROM gateways WHERE id = 'g1'");
    const next = 'next-planted-secret';
    const file = documentOf({
      gateways: [
        gateway('g1', 'alpha', {
          auth_type: 'oauth',
          auth_value: sealed({ Authorization: `Bearer ${next}` }),
          oauth_config: { client_id: 'x', client_secret: next },
        }),
      ],
      tools: [tool('t1', 'weather', { headers: { 'X-Api-Key': next } })],
      a2a_agents: [agent('a1', 'helper', { auth_type: 'bearer', auth_value: sealed({ secret: next }) })],
    });
    for (const args of [['--dry-run'], ['--dry-run', '--verbose', '--debug'], ['--verbose', '--debug']]) {
      const run = await importing(database, file, ['--mode', 'replace', ...args]);
      expect([args, run.exitCode, problemsOf(run)]).toEqual([args, 0, []]);
      for (const secret of [PLANTED, next, JSON.parse(old) as string, SECRET])
        expect([args, (run.stdout + run.stderr).includes(secret)]).toEqual([args, false]);
    }
    expect(await database.query('SELECT auth_value FROM a2a_agents')).toBe(next);
    expect(await database.query('SELECT oauth_config FROM gateways')).not.toContain(next);
  });

  test('deletes what the file lacks only when it is asked to, with all that points at it', async () => {
    const database = await emptyGateway(id);
    await importing(database, everything());
    await database.query(
      'INSERT INTO server_metrics (server_id, timestamp, response_time, is_success) ' +
        `VALUES ('s1', '2025-08-01 10:00:00', 1, ${database.dialect === 'postgresql' ? 'true' : 1})`,
    );
    const file = written(
      documentOf({ gateways: [], tools: [tool('t1', 'weather', { auth_type: 'authheaders' })], servers: [] }),
    );
    const run = await importing(database, file, ['--mode', 'replace', '--prune']);
    expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
    expect(counts(run)).toMatchObject({ gateways: [0, 0, 0, 1], tools: [0, 0, 1, 1], servers: [0, 0, 0, 1] });
    expect(await database.query('SELECT id FROM tools')).toBe('t1');
    expect(await database.query('SELECT count(*) FROM server_metrics')).toBe('0');
    expect(await database.query('SELECT id FROM resources')).toBe('7');
  });
});

describe('what is in the file and what is here', () => {
  const problemsIn = async (
    database: TestDatabase,
    entities: Record<string, unknown>,
    args: readonly string[] = [],
  ) => {
    const before = await content(database);
    const run = await importing(database, documentOf(entities), args);
    expect(run.exitCode).toBe(2);
    expect(await content(database)).toBe(before);
    return problemsOf(run);
  };

  test('conflicts are told all at once, and nothing is written', async () => {
    const database = await emptyGateway('sqlite');
    await importing(
      database,
      documentOf({ tools: [tool('t1', 'weather')], gateways: [gateway('g1', 'alpha')] }),
    );
    const problems = await problemsIn(database, {
      gateways: [gateway('g2', 'beta', { url: 'https://alpha.example/mcp' })],
      tools: [
        tool('t2', 'lonely', { gateway_id: 'nowhere' }),
        tool('t3', 'long', { display_name: 'x'.repeat(300) }),
      ],
      servers: [server('s1', 'main', { tools: [{ id: 'gone', name: 'gone' }] })],
    });
    expect(problems).toEqual([
      'entities.gateways[0] (gateway beta): team_id, owner_email, url would be those of gateway alpha, which is here (g1)',
      'entities.tools[0] (tool lonely): its gateway_id is neither in the file nor here: nowhere',
      'entities.tools[1].display_name (tool long): it has 300 characters, and there is place for 255',
      'entities.servers[0].tools[0] (server main): tool “gone” is neither in the file nor here',
    ]);
  });

  test('numbers of another database mean other rows', async () => {
    const database = await emptyGateway('sqlite');
    await importing(database, documentOf({ resources: [resource(1, 'file:///here')] }));
    const run = await importing(
      database,
      documentOf({
        resources: [resource(1, 'file:///there', { created_at: '2024-01-01T00:00:00.000000Z' })],
        servers: [server('s1', 'main', { resources: [{ id: 1, name: 'file:///there' }] })],
      }),
      ['--mode', 'replace'],
    );
    expect(counts(run).resources).toEqual([1, 0, 0, 0]);
    expect(await database.query('SELECT uri FROM resources ORDER BY id')).toBe('file:///here\nfile:///there');
    expect(await database.query('SELECT resource_id FROM server_resource_association')).toBe('2');
  });

  test('rows get an owner who is here, and never none', async () => {
    const database = await emptyGateway('sqlite');
    const owners = () => database.query('SELECT name, owner_email, visibility FROM tools ORDER BY name');
    const file = documentOf({
      tools: [
        tool('t1', 'hers', {
          owner_email: 'alice@example.org',
          team: { slug: 'alices', owner: 'alice@example.org' },
        }),
        tool('t2', 'nobodys', { owner_email: null, team: null, visibility: undefined }),
      ],
    });
    const run = await importing(database, file);
    expect(run.report.warnings).toEqual([
      '1 row: the owner alice@example.org is not here (--map-owner alice@example.org=…).',
      '1 row: the team alices is not here (--map-team alices=…).',
    ]);
    expect(await owners()).toBe(`hers\t${ROOT}\tprivate\nnobodys\t${ROOT}\tpublic`);
    expect(
      await database.query('SELECT count(*) FROM tools WHERE team_id IS NULL OR owner_email IS NULL'),
    ).toBe('0');
    const other = await emptyGateway('sqlite');
    const mapped = await importing(other, file, [
      '--map-owner',
      `alice@example.org=${ROOT}`,
      '--visibility',
      'team',
    ]);
    expect([mapped.exitCode, mapped.report.warnings]).toEqual([0, []]);
    expect(await other.query("SELECT visibility FROM tools WHERE name = 'nobodys'")).toBe('team');
  });

  test('who and what is mapped has to be in the file, and what is meant here', async () => {
    const database = await emptyGateway('sqlite');
    const alice = 'alice@example.org';
    const tools = [tool('t1', 'hers', { owner_email: alice, team: { slug: 'crew' } })];
    const mapped = (owner: string, team: string) =>
      problemsIn(database, { tools }, ['--map-owner', owner, '--map-team', team]);
    expect(await mapped(`${alice}=rot@example.org`, 'crew=nosuch')).toEqual([
      `--map-owner ${alice}=rot@example.org: there is no user “rot@example.org”. Nearest: ${ROOT}.`,
      '--map-team crew=nosuch: there is no team with the id or slug “nosuch”.',
    ]);
    expect(await mapped(`alce@example.org=${ROOT}`, 'crews=nosuch')).toEqual([
      `--map-owner alce@example.org=${ROOT}: no row of the file has “alce@example.org”. Nearest: ${alice}.`,
      '--map-team crews=nosuch: no row of the file has “crews”. Nearest: crew.',
    ]);
    expect(await database.query('SELECT count(*) FROM tools')).toBe('0');
  });

  test('a selection names the flag that was given', async () => {
    const database = await emptyGateway('sqlite');
    const tools = [tool('t1', 'one', { team: { slug: 'crew' } })];
    expect(
      await problemsIn(database, { tools }, [
        '--from-team',
        'cre',
        '--from-visibility',
        'nope',
        '--tag',
        'x',
      ]),
    ).toEqual([
      '--tag x: no row has it.',
      '--from-team cre: no row has it. Nearest: crew.',
      '--from-visibility nope: no row has it.',
    ]);
  });

  test('a collision of rows whose owners are not here tells of them', async () => {
    const database = await emptyGateway('sqlite');
    const tools = ['alice', 'bob'].map((name) =>
      tool(name, 'one', { owner_email: `${name}@example.org`, team: { slug: 'crew' } }),
    );
    const { exitCode, report } = await importing(database, documentOf({ tools }));
    expect([exitCode, report.error?.details[0]]).toEqual([2, expect.stringMatching(/would be those of/)]);
    expect(report.error?.hint).toMatch(
      /^Not here are the owner alice@example.org, the team crew, the owner bob@example.org, .*--with-teams.*--map-team and --map-owner/,
    );
  });

  test('what a row needs and is not selected, or would be deleted, is told so', async () => {
    const database = await emptyGateway('sqlite');
    const offering = server('s1', 'main', { tools: [{ id: 't1', name: 'one' }] });
    const file = {
      gateways: [gateway('g1', 'alpha')],
      tools: [tool('t1', 'one', { gateway_id: 'g1' })],
      servers: [offering],
    };
    expect(await problemsIn(database, file, ['--only', 'server:main'])).toEqual([
      'entities.servers[0].tools[0] (server main): tool “one” is in the file, but not selected (--with-dependencies)',
    ]);
    expect(await problemsIn(database, file, ['--only', 'tool:one'])).toEqual([
      'entities.tools[0] (tool one): its gateway_id is in the file, but not selected (--with-dependencies): g1',
    ]);
    await importing(database, documentOf({ tools: [tool('t1', 'one')] }));
    expect(
      await problemsIn(database, { tools: [], servers: [offering] }, ['--mode', 'replace', '--prune']),
    ).toEqual([
      'entities.servers[0].tools[0] (server main): tool “one” is here, but --prune would delete it',
    ]);
  });

  test('users and teams that are missing are made, and come with a password that nobody knows', async () => {
    const database = await emptyGateway('sqlite');
    const at = '2025-08-01T10:00:00.000000Z';
    const alice = 'alice@example.org';
    const file = documentOf(
      { tools: [tool('t1', 'hers', { owner_email: alice, team: { slug: 'crew' } })] },
      {
        accounts: {
          email_users: [
            {
              email: alice,
              full_name: null,
              is_admin: false,
              is_active: true,
              email_verified_at: null,
              auth_provider: 'local',
              created_at: at,
              updated_at: at,
              locked_until: null,
              last_login: null,
            },
          ],
          email_teams: [
            {
              id: 'team1',
              name: 'Crew',
              slug: 'crew',
              description: null,
              created_by: alice,
              is_personal: false,
              visibility: 'private',
              max_members: null,
              created_at: at,
              updated_at: at,
              is_active: true,
            },
          ],
          email_team_members: [
            {
              id: 'm1',
              team_id: 'team1',
              user_email: alice,
              role: 'owner',
              joined_at: at,
              invited_by: null,
              is_active: true,
            },
          ],
        },
      },
    );
    const run = await importing(database, file);
    expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
    expect(await database.query('SELECT team_id, owner_email FROM tools')).toBe(`team1\t${alice}`);
    expect(await database.query(`SELECT password_hash FROM email_users WHERE email = '${alice}'`)).toMatch(
      /^\$argon2id\$/,
    );
    const notes = run.report.sections.find(({ id }) => id === 'notes')?.rows;
    expect(notes?.[0]?.[1]).toMatch(/password that nobody knows/);
    expect((await importing(database, file, ['--mode', 'replace'])).report.steps).toEqual([]);
  });
});

describe('credentials', () => {
  const OTHER = 'secret-of-another-gateway';
  const foreign = () =>
    documentOf(
      {
        gateways: [
          gateway('g1', 'alpha', {
            auth_type: 'bearer',
            auth_value: sealed({ Authorization: 'Bearer x' }, OTHER),
          }),
        ],
        a2a_agents: [
          agent('a1', 'helper', { auth_type: 'api_key', auth_value: sealed({ secret: 'key' }, OTHER) }),
        ],
      },
      { secrets: { mode: 'keep', keyCheck: keyCheck(OTHER) } },
    );

  test('of another key are refused before anything is written, and encrypted again with their secret', async () => {
    const database = await emptyGateway('sqlite');
    const refused = await importing(database, foreign());
    expect([refused.exitCode, refused.report.error?.code]).toEqual([2, 'SETTINGS']);
    const wrong = await importing(database, foreign(), [
      '--source-secret-file',
      written('neither of the two'),
    ]);
    expect([wrong.exitCode, wrong.report.error?.message]).toEqual([
      2,
      '--source-secret-file holds another secret than the file was made with.',
    ]);
    const run = await importing(database, foreign(), ['--source-secret-file', written(`${OTHER}\n`)]);
    expect(run.exitCode).toBe(0);
    const stored = JSON.parse(await database.query('SELECT auth_value FROM gateways')) as string;
    expect(decryptAuthValue(stored, authKey(SECRET))).toEqual({ Authorization: 'Bearer x' });
    expect(await database.query('SELECT auth_value FROM a2a_agents')).toBe('key');
  });

  test('that are not in the file stay as they are', async () => {
    const database = await emptyGateway('sqlite');
    await importing(database, everything());
    const before = await database.query("SELECT auth_type, auth_value FROM tools WHERE id = 't1'");
    const file = documentOf({
      tools: [
        tool('t1', 'weather', { auth_type: 'authheaders', auth_value: null, description: 'new' }),
        tool('t9', 'new', { auth_type: 'basic', auth_value: null }),
      ],
    });
    const run = await importing(database, file, ['--mode', 'replace']);
    expect(counts(run).tools).toEqual([1, 1, 0, 0]);
    expect(await database.query("SELECT auth_type, auth_value FROM tools WHERE id = 't1'")).toBe(before);
    expect(run.report.sections.find(({ id }) => id === 'notes')?.rows).toEqual([
      ['tool new', 'its credential (basic) is not in the file: enter it in the gateway'],
    ]);
  });
});
