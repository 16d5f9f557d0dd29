import { expect, test } from 'vitest';
import { accounts } from '../../src/commands/accounts.ts';
import { accountsDatabase, WRITING } from '../accounts/support.ts';
import { allRows } from '../support/all-rows.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { ADMIN } from '../support/migrated-database.ts';
import { v060Database } from '../support/template.ts';

const ALICE = 'alice@corp.example.com';
const BOB = 'bob@corp.example.com';
const OWN = `(SELECT slug FROM email_teams e WHERE e.id = t.team_id)`;

const owned = ({ query }: TestDatabase, table: string) =>
  query(`SELECT id, ${OWN}, owner_email, visibility FROM ${table} t ORDER BY id`);

describeEachDatabase('assign', ({ id, dialect }) => {
  /** With the team Engineering, owned by Alice. */
  const engineering = async (fill = '') => {
    const at = await accountsDatabase(id, fill);
    await at.run('team create', { owner: ALICE }, 'Engineering');
    return at;
  };

  test('moves what is named and nothing else, shows what was, and is done once', async () => {
    const at = await engineering(
      "UPDATE tools SET auth_type = 'bearer', auth_value = 'ciphertext' WHERE id = 'tool-2'",
    );
    const before = await at.withConnection(allRows);
    const wish = { team: 'engineering', owner: ALICE.toUpperCase(), visibility: 'team' };
    const dry = await at.run('assign', { ...wish, dryRun: true }, ['tool:tool-2']);
    expect(rowsOf(dry.report, 'changes')).toEqual([
      [
        `tools tool-2 “tool-2”: team dana-corps-team → engineering, owner ${ADMIN} → ${ALICE}, visibility public → team`,
      ],
    ]);
    expect(await at.withConnection(allRows)).toEqual(before);

    const { report } = await at.run('assign', wish, ['tool:tool-2']);
    expect(report).toMatchObject({ exitCode: 0, command: 'assign', warnings: [] });
    expect(await owned(at.database, 'tools')).toBe(
      `tool-1\tdana-corps-team\t${ADMIN}\tpublic\ntool-2\tengineering\t${ALICE}\tteam`,
    );
    const after = await at.withConnection(allRows);
    const changed = Object.keys(after).filter(
      (table) => JSON.stringify(after[table]) !== JSON.stringify(before[table]),
    );
    expect(changed).toEqual(['mcpgw_migration', 'tools']);
    expect(
      await at.database.query("SELECT auth_type, auth_value, version FROM tools WHERE id = 'tool-2'"),
    ).toBe('bearer\tciphertext\t1');
    expect((await at.run('assign', wish, ['tool:tool-2'])).report).toMatchObject({
      exitCode: 0,
      sections: [{ rows: [['Nothing: all of it is there already.']] }],
    });
    expect(await at.withConnection(allRows)).toEqual(after);
  });

  test('a choice that leaves no row is refused, and a type without rows is not', async () => {
    const at = await accountsDatabase(id, '');
    const none = await at.run('assign', { visibility: 'public', type: ['tool'], tag: ['nosuch'] }, []);
    expect(none.report).toMatchObject({
      exitCode: 2,
      error: { code: 'USAGE', details: ['The selection matches no row.'] },
    });
    await at.run('assign', { visibility: 'team', team: 'dana-corps-team', type: ['agents'] }, []);
    const again = { visibility: 'private', visibilityFrom: ['public'], type: ['tools'] };
    expect((await at.run('assign', again, [])).report.exitCode).toBe(0);
    expect((await at.run('assign', again, [])).report.exitCode).toBe(0);
  });

  test('chooses by pattern, id, type, tag, team, owner, visibility, gateway and server', async () => {
    const at = await engineering(
      `UPDATE tools SET tags = '["prod", "eu"]' WHERE id = 'tool-1'; UPDATE prompts SET visibility = 'private' WHERE id = 2`,
    );
    const chosen = async (options: object, rows: readonly string[] = []) => {
      const { report } = await at.run(
        'assign',
        { team: 'engineering', owner: ALICE, dryRun: true, ...options },
        rows,
      );
      return (rowsOf(report, 'changes') ?? [])
        .map(([line]) => String(line).split(' “')[0] ?? '')
        .filter((line) => !line.startsWith('Nothing'))
        .toSorted();
    };
    expect(await chosen({}, ['tool:tool-?', 'resource:*resource-2'])).toEqual([
      'resources 2',
      'tools tool-1',
      'tools tool-2',
    ]);
    expect(await chosen({}, ['prompt:1', 'gateway:Gateway 1'])).toEqual(['gateways gateway-1', 'prompts 1']);
    expect(await chosen({ type: ['servers', 'agent'] })).toEqual([
      'a2a_agents agent-1',
      'a2a_agents agent-2',
      'servers server-1',
      'servers server-2',
    ]);
    expect(await chosen({ tag: ['prod'] })).toEqual(['tools tool-1']);
    expect(await chosen({ tag: ['pro'] })).toEqual([]);
    expect(await chosen({ teamFrom: ["Dana Corp's Team"], type: ['prompt'] })).toEqual([
      'prompts 1',
      'prompts 2',
    ]);
    expect(await chosen({ ownerFrom: [BOB] })).toEqual([]);
    expect(await chosen({ visibilityFrom: ['private'] })).toEqual(['prompts 2']);
    expect(await chosen({ gateway: ['Gateway 1'] })).toEqual(['tools tool-1']);
    expect(await chosen({ server: ['server-1'] })).toEqual(['resources 1', 'tools tool-1', 'tools tool-2']);
    expect(await chosen({}, ['TOOL:tool-1', 'tool:TOOL-2'])).toEqual([]);
  });

  test('a cascade takes along what a gateway brought and what a server offers, also where they are chosen by their team', async () => {
    const at = await engineering();
    const wish = { team: 'engineering', owner: ALICE, visibility: 'team' };
    const alone = await at.run('assign', { ...wish, dryRun: true }, ['server:Server 1']);
    // Parts that are public are seen by everybody.
    expect(alone.report.warnings).toEqual([]);
    await at.database.query("UPDATE tools SET visibility = 'private'");
    const hidden = await at.run('assign', { ...wish, dryRun: true }, ['server:Server 1']);
    expect(hidden.report.warnings).toEqual([
      expect.stringContaining('does not see all that they offer: 2 of tools'),
    ]);

    const taken = await at.run('assign', { ...wish, cascade: true, teamFrom: ["Dana Corp's Team"] }, [
      'server:server-1',
      'gateway:gateway-1',
    ]);
    expect(taken.report).toMatchObject({ exitCode: 0, warnings: [] });
    const there = `engineering\t${ALICE}\tteam`;
    const stayed = `dana-corps-team\t${ADMIN}\tpublic`;
    expect(await owned(at.database, 'servers')).toBe(`server-1\t${there}\nserver-2\t${stayed}`);
    expect(await owned(at.database, 'gateways')).toBe(`gateway-1\t${there}\ngateway-2\t${stayed}`);
    expect(await owned(at.database, 'tools')).toBe(`tool-1\t${there}\ntool-2\t${there}`);
    expect(await owned(at.database, 'resources')).toBe(`1\t${there}\n2\t${stayed}`);
    expect(await owned(at.database, 'prompts')).toBe(`1\t${stayed}\n2\t${stayed}`);
  });

  test('an owner alone takes what was in a personal team into the own one, and leaves other teams', async () => {
    const at = await engineering();
    await at.run('assign', { team: 'engineering' }, ['prompt:1']);
    const { report } = await at.run('assign', { owner: ALICE, type: ['prompt'] }, []);
    expect(report).toMatchObject({ exitCode: 0, warnings: [] });
    expect(await owned(at.database, 'prompts')).toBe(
      `1\tengineering\t${ALICE}\tpublic\n2\talices-team\t${ALICE}\tpublic`,
    );
  });

  test('warns of owners who are no members, and of a team of one', async () => {
    const at = await engineering();
    const stranger = await at.run('assign', { team: 'engineering', dryRun: true }, ['tool:tool-1']);
    expect(stranger.report.warnings).toEqual([
      `${ADMIN} would own rows of “Engineering” without being a member of it. To make them members: mcpgw team add engineering ${ADMIN}`,
    ]);
    await at.run('team add', {}, 'engineering', [ADMIN]);
    expect(
      (await at.run('assign', { team: 'engineering', dryRun: true }, ['tool:tool-1'])).report.warnings,
    ).toEqual([]);
    const one = await at.run('assign', { visibility: 'team' }, ['tool:tool-1']);
    expect(one.report).toMatchObject({
      exitCode: 0,
      warnings: [expect.stringContaining('private in effect')],
    });
  });

  test('refuses names that are taken, all of them at once, and what no row may be', async () => {
    const yes = dialect === 'postgresql' ? 'true' : '1';
    const at = await engineering(
      `UPDATE email_users SET is_active = (1 = 0) WHERE email = '${BOB}';
       INSERT INTO tools (id, original_name, url, integration_type, request_type, input_schema, created_at, updated_at, enabled, reachable, jsonpath_filter, tags, version, custom_name, custom_name_slug, display_name, name, team_id, owner_email, visibility)
       SELECT 'other', original_name, url, integration_type, request_type, input_schema, created_at, updated_at, ${yes}, ${yes}, '', '[]', 1, custom_name, custom_name_slug, display_name, name, 'alice-team', '${ALICE}', 'private' FROM tools WHERE id = 'tool-1'`,
    );
    const before = await at.withConnection(allRows);
    const details = async (options: object, rows: readonly string[] = []) => {
      const { report } = await at.run('assign', options, rows);
      expect(report.exitCode).toBe(2);
      expect(await at.withConnection(allRows)).toEqual(before);
      return [report.error?.message, ...(report.error?.details ?? [])].join('\n');
    };
    expect(await details({ team: 'alices-team', owner: ALICE, type: ['tool'] })).toContain(
      `tools tool-1: ${ALICE} would have the name “tool-1” twice in the team alices-team`,
    );
    // Two that move get in each other's way, too.
    expect(await details({ team: 'engineering', owner: ALICE, type: ['tool'] })).toMatch(
      /tools (other|tool-1): .* would have the name “tool-1” twice in the team engineering/,
    );
    expect(await details({ team: 'alices-team' }, ['prompt:1'])).toContain(
      `1 row of ${ADMIN} would be in “alice's Team”, the personal team of somebody else`,
    );
    expect(await details({ owner: BOB, team: 'engineering' }, ['prompt:1'])).toContain('is not active');
    const unknown = await details(
      { team: 'enginering', owner: 'alise@corp.example.com', ownerFrom: ['nobody'] },
      ['tool:tool-3'],
    );
    expect(unknown).toContain('tool:tool-3: there is no such tool. Nearest: tool-1, tool-2.');
    expect(unknown).toContain('There is no team “enginering”. Nearest: Engineering');
    expect(unknown).toContain(`There is no user “alise@corp.example.com”. Nearest: ${ALICE}.`);
    expect(unknown).toContain('There is no user “nobody”.');
    expect(await details({ visibility: 'publik' }, ['prompt:1'])).toContain(
      'There is no visibility “publik”',
    );
    expect(await details({ visibility: 'public' })).toContain('Say which rows');
    expect(await details({}, ['prompt:1'])).toContain('Say what they become');
    expect(await details({ visibility: 'public', type: ['prompt', 'teapot'] })).toContain(
      'there is no type “teapot”',
    );
    expect(await details({ visibility: 'public', type: ['global-config'] })).toContain(
      'have no team and no owner',
    );
    expect(await details({ visibility: 'public' }, ['tool'])).toContain('tool:NAME');
  });

  test('rows without an owner or a team stay no such rows by chance, and an owner without a team gets none', async () => {
    const at = await engineering(
      'UPDATE prompts SET owner_email = NULL WHERE id = 1; UPDATE prompts SET team_id = NULL WHERE id = 2',
    );
    const refused = await at.run('assign', { visibility: 'team', type: ['prompt'] }, []);
    expect(refused.report.error?.details.toSorted().join('\n')).toMatch(
      /1 row would have no owner.*mcpgw fix --only ownership.orphans[\s\S]*1 row would have no team/,
    );
    const teamless = await at.run('assign', { owner: BOB }, ['prompt:2']);
    expect(teamless.report.error?.details.join()).toContain('mcpgw fix --only users.no-personal-team');
    expect(
      (await at.run('assign', { owner: ALICE, team: 'engineering', type: ['prompt'] }, [])).report.exitCode,
    ).toBe(0);
    expect(await owned(at.database, 'prompts')).toBe(
      `1\tengineering\t${ALICE}\tpublic\n2\tengineering\t${ALICE}\tpublic`,
    );
  });

  test('with an audit says who did it, and when', async () => {
    const at = await engineering();
    await at.run('assign', { visibility: 'private', audit: true }, ['gateway:gateway-1']);
    const audit = 'version, modified_by, modified_via, CASE WHEN updated_at > created_at THEN 1 ELSE 0 END';
    expect(await at.database.query(`SELECT id, visibility, ${audit} FROM gateways ORDER BY id`)).toBe(
      `gateway-1\tprivate\t2\t${ADMIN}\tmcpgw\t1\ngateway-2\tpublic\t1\tNULL\tNULL\t0`,
    );
  });

  test('more than 50 rows are counted, and written in one statement for each table', async () => {
    const n = 60;
    const at = await engineering(
      Array.from(
        { length: n },
        (
          _,
          i,
        ) => `INSERT INTO prompts (id, name, template, argument_schema, created_at, updated_at, is_active, tags, version, team_id, owner_email, visibility)
        SELECT ${100 + i}, 'many-${i}', template, argument_schema, created_at, updated_at, is_active, tags, version, team_id, owner_email, visibility FROM prompts WHERE id = 1`,
      ).join(';'),
    );
    const { report } = await at.run('assign', { visibility: 'private', type: ['prompt', 'tool'] }, []);
    expect(rowsOf(report, 'changes')).toEqual([['tools: 2 rows'], [`prompts: ${n + 2} rows`]]);
    expect(report.steps.find(({ id: step }) => step === 'assign:rows')).toMatchObject({ rows: n + 4 });
    expect(await at.database.query("SELECT count(*) FROM prompts WHERE visibility = 'private'")).toBe(
      String(n + 2),
    );
  });

  test('a database of v0.6.0 is migrated first', async () => {
    const database = await v060Database(id);
    const run = commandRuns(database, '/');
    const { report } = await run((io) =>
      accounts(io, { ...WRITING, visibility: 'public' }, ['assign', 'tool:x'], {}),
    );
    expect(report).toMatchObject({ exitCode: 2, next: 'mcpgw migrate' });
    await database.drop();
  });
});
