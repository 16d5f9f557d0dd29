import { expect, test } from 'vitest';
import { accounts } from '../../src/commands/accounts.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { ADMIN } from '../support/migrated-database.ts';
import { v060Database } from '../support/template.ts';
import { accountsDatabase, everything, WRITING } from './support.ts';

const ALICE = 'alice@corp.example.com';
const BOB = 'bob@corp.example.com';

describeEachDatabase('teams', ({ id, dialect }) => {
  const yes = dialect === 'postgresql' ? 'true' : '1';

  test('one is made as the gateway makes it, and only once; a dry run makes none', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    const before = await everything(at.database);
    const dry = await at.run('team create', { dryRun: true, owner: ALICE }, '  Engineering Team ');
    expect(dry.report).toMatchObject({ exitCode: 0, command: 'team create' });
    expect(dry.report.steps.map(({ status }) => status)).toEqual(['planned', 'planned']);
    expect(await everything(at.database)).toEqual(before);

    const wish = { owner: ALICE, description: 'Builds it' };
    const made = await at.run('team create', wish, '  Engineering Team ');
    expect(made.report).toMatchObject({ exitCode: 0, warnings: [] });
    const columns = 'name, slug, description, created_by, visibility, max_members, length(id)';
    expect(
      await query(
        `SELECT ${columns} FROM email_teams WHERE slug = 'engineering-team' AND is_active = ${yes} AND is_personal <> ${yes}`,
      ),
    ).toBe(`Engineering Team\tengineering-team\tBuilds it\t${ALICE}\tprivate\t100\t32`);
    const members = `SELECT m.user_email, m.role, m.invited_by, length(m.id) FROM email_team_members m
      JOIN email_teams t ON t.id = m.team_id WHERE t.slug = 'engineering-team'`;
    expect(await query(members)).toBe(`${ALICE}\towner\tNULL\t32`);
    expect(await query('SELECT count(*) FROM user_roles')).toBe('1');

    const after = await everything(at.database);
    for (const [options, name] of [
      [wish, 'Engineering Team'],
      [{ owner: ALICE }, 'Engineering Team'],
    ] as const) {
      expect((await at.run('team create', options, name)).report).toMatchObject({
        exitCode: 0,
        sections: [{ rows: [['Nothing: all of it is there already.']] }],
      });
    }
    expect(await everything(at.database)).toEqual(after);
  });

  test('what does not fit is refused, all of it at once, with nothing written', async () => {
    const at = await accountsDatabase(id);
    await at.run('team create', {}, 'Engineering Team');
    const before = await everything(at.database);
    const refused = async (run: ReturnType<typeof at.run>) => {
      const { report } = await run;
      expect([report.exitCode, await everything(at.database)]).toEqual([2, before]);
      return `${report.error?.code}: ${report.error?.details.join(' | ')}`;
    };
    expect(await refused(at.run('team create', {}, 'engineering_team!'))).toBe(
      'PREFLIGHT: The name “engineering_team!” makes the slug engineering-team, which the team “Engineering Team” has; choose another name',
    );
    expect(await refused(at.run('team create', {}, 'Alice’s Team'.replace('’', "'")))).toContain(
      "the personal team “alice's Team” has",
    );
    const wrong = { owner: 'alise@corp.example.com', visibility: 'publik' };
    expect(await refused(at.run('team create', wrong, ' '))).toBe(
      `USAGE: There is no user “alise@corp.example.com”. Nearest: ${ALICE}. | A team needs a name | There is no visibility of teams “publik”; it is one of private, public. Nearest: public.`,
    );
    expect(await refused(at.run('team create', { visibility: 'publik' }, ' '))).toBe(
      'PREFLIGHT: A team needs a name | There is no visibility of teams “publik”; it is one of private, public. Nearest: public.',
    );
    expect(await refused(at.run('team create', { maxMembers: 3 }, 'Engineering Team'))).toContain(
      'there already, with another maxMembers. To change it: mcpgw team set engineering-team',
    );
    expect(await refused(at.run('team add', {}, 'enginering-team', [ALICE, 'nobody@else.example']))).toBe(
      'USAGE: There is no user “nobody@else.example”. | There is no team “enginering-team”. Nearest: engineering-team, Engineering Team.',
    );
    expect(
      await refused(at.run('team add', { role: 'ownr', grant: 'develper' }, 'Engineering Team', [BOB])),
    ).toBe(
      'PREFLIGHT: There is no role in a team “ownr”; it is one of owner, member. Nearest: owner. | There is no role to grant “develper”; it is one of team_admin, developer, viewer. Nearest: developer.',
    );
    expect(await refused(at.run('team add', {}, 'alices-team', [BOB]))).toContain(
      'is a personal team: nobody can join it',
    );
    expect(await refused(at.run('team rename', {}, 'alices-team', 'Mine'))).toContain('its name stays');
    expect(await refused(at.run('team delete', {}, 'alices-team'))).toContain('it stays');
    expect(await refused(at.run('team remove', {}, 'engineering-team', [ADMIN]))).toContain(
      'would be without an owner',
    );
    expect(await refused(at.run('team role', {}, 'engineering-team', ADMIN, 'member'))).toContain(
      'would be without an owner',
    );
    expect(await refused(at.run('team role', {}, 'engineering-team', ALICE, 'owner'))).toContain(
      `To make it one: mcpgw team add engineering-team ${ALICE} --role owner`,
    );
    expect(await refused(at.run('team show', {}, 'enginering team'))).toContain(
      'Nearest: Engineering Team, engineering-team.',
    );
  });

  test('a name without letters of ASCII gets a slug all the same; two teams of one name are told apart', async () => {
    const at = await accountsDatabase(id);
    await at.run('team create', {}, '開発');
    expect(await at.database.query(`SELECT slug FROM email_teams WHERE name = '開発'`)).toMatch(
      /^team-[0-9a-f]{8}$/,
    );
    const after = await everything(at.database);
    await at.run('team create', {}, '開発');
    expect(await everything(at.database)).toEqual(after);
    await at.run('team create', {}, 'Other');
    await at.run('team rename', {}, 'other', '開発');
    const { report } = await at.run('team set', { description: 'which?' }, '開発');
    expect(report.error?.details[0]).toMatch(
      /^“開発” is more than one team; say which by its id: [0-9a-f]{32} \(/,
    );
  });

  test('a team gets another name, description and limit; its slug stays', async () => {
    const at = await accountsDatabase(id);
    await at.run('team create', {}, 'Sales');
    const rename = () => at.run('team rename', {}, 'Sales', 'Sales & Co');
    await rename();
    await at.run('team set', { description: 'Sells', visibility: 'PUBLIC', maxMembers: 0 }, 'Sales & Co');
    const told = `SELECT name, slug, description, visibility, max_members FROM email_teams WHERE slug = 'sales'`;
    expect(await at.database.query(told)).toBe('Sales & Co\tsales\tSells\tpublic\t0');
    const after = await everything(at.database);
    await rename();
    expect(await everything(at.database)).toEqual(after);
  });

  test('members join, are owners, leave and come back, within the limit', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    await at.run('team create', { maxMembers: 2 }, 'Sales');
    const joined = await at.run('team add', {}, 'Sales', ['ALICE@corp.example.com']);
    expect(joined.report.warnings).toEqual([
      expect.stringContaining(`mcpgw team add sales ${ALICE} --grant developer`),
    ]);
    const full = await at.run('team add', {}, 'Sales', [BOB]);
    expect(full.report.error?.details).toEqual(['“Sales” would have 3 members, and its limit is 2']);

    const granted = await at.run('team add', { grant: 'viewer' }, 'Sales', [ALICE]);
    expect(granted.report.warnings).toEqual([]);
    const roles = `SELECT u.user_email, r.name, u.scope, u.granted_by, length(u.id), u.is_active FROM user_roles u
      JOIN roles r ON r.id = u.role_id JOIN email_teams t ON t.id = u.scope_id WHERE t.slug = 'sales'`;
    const on = (active: boolean) => (dialect === 'postgresql' ? `${active}` : active ? '1' : '0');
    expect(await query(roles)).toMatch(new RegExp(`^${ALICE}\tviewer\tteam\t${ADMIN}\t36\t(${on(true)}|t)$`));
    const shown = await at.run('team show', {}, 'sales');
    expect(rowsOf(shown.report, 'members')?.map((row) => [row[0], row[1], row[5]])).toEqual([
      [ADMIN, 'owner', 'all (administrator)'],
      [ALICE, 'member', 'viewer'],
    ]);

    await at.run('team role', {}, 'Sales', ALICE, 'owner');
    await at.run('team remove', {}, 'Sales', [ADMIN]);
    const members = `SELECT user_email, role, invited_by, m.is_active, m.id FROM email_team_members m
      JOIN email_teams t ON t.id = m.team_id WHERE t.slug = 'sales' ORDER BY user_email`;
    const [admin = '', alice = ''] = (await query(members)).split('\n');
    expect(admin).toMatch(new RegExp(`^${ADMIN}\towner\tNULL\t(0|f|false)\t`));
    expect(alice).toMatch(new RegExp(`^${ALICE}\towner\t${ADMIN}\t(1|t|true)\t`));

    await at.run('team add', {}, 'Sales', [ADMIN]);
    const [again = ''] = (await query(members)).split('\n');
    expect(again).toMatch(new RegExp(`^${ADMIN}\tmember\t${ADMIN}\t(1|t|true)\t`));
    expect(again.split('\t').at(-1)).toBe(admin.split('\t').at(-1));
    const after = await everything(at.database);
    await at.run('team add', {}, 'Sales', [ADMIN]);
    expect(await everything(at.database)).toEqual(after);

    // Whoever leaves takes no permission along.
    await at.run('team role', {}, 'Sales', ADMIN, 'owner');
    await at.run('team remove', {}, 'Sales', [ALICE]);
    expect(await query(roles)).toMatch(/\t(0|f|false)$/);
  });

  test('nobody is in more teams than the settings allow', async () => {
    const at = await accountsDatabase(id);
    const runs = commandRuns(at.database, at.cwd);
    const make = (name: string) =>
      runs((io) => accounts(io, WRITING, ['team', 'create', name], {}), {
        MAX_TEAMS_PER_USER: '1',
        MAX_MEMBERS_PER_TEAM: '7',
      });
    expect((await make('One')).report.exitCode).toBe(0);
    expect(await at.database.query(`SELECT max_members FROM email_teams WHERE slug = 'one'`)).toBe('7');
    expect((await make('Two')).report.error?.details).toEqual([
      `${ADMIN} would be in 2 teams, and MAX_TEAMS_PER_USER is 1`,
    ]);
  });

  test('a team that is deleted gives what it has to others, and comes back without it', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    await at.run('team create', {}, 'Sales');
    await at.run('team create', {}, 'Support');
    await at.run('team add', { grant: 'developer' }, 'Sales', [ALICE]);
    const sales = await query(`SELECT id FROM email_teams WHERE slug = 'sales'`);
    await query(`UPDATE tools SET team_id = '${sales}' WHERE id = 'tool-1'`);
    await query(`UPDATE servers SET team_id = '${sales}', owner_email = '${ALICE}'`);
    await query(`UPDATE prompts SET team_id = '${sales}', owner_email = '${BOB}' WHERE id = 1`);

    const refused = await at.run('team delete', {}, 'Sales');
    expect(refused.report.error?.details).toEqual([
      'prompts: 1 row of “Sales” whose owner has no personal team; say with --move-to where they go',
    ]);
    await query(`UPDATE prompts SET owner_email = '${ALICE}' WHERE id = 1`);
    const dry = await at.run('team delete', { dryRun: true }, 'Sales');
    expect(dry.report.steps[0]?.title).toContain(
      `servers of “Sales” go to their owner’s personal team: 2 of ${ALICE}`,
    );
    expect((await at.run('team delete', {}, 'Sales')).report.exitCode).toBe(0);
    const where = async (table: string) =>
      query(`SELECT t.slug FROM ${table} r JOIN email_teams t ON t.id = r.team_id ORDER BY r.id`);
    expect(await where('servers')).toBe('alices-team\nalices-team');
    expect(await where('tools')).toBe('dana-corps-team\ndana-corps-team');
    expect(
      await query(
        `SELECT count(*) FROM email_team_members WHERE team_id = '${sales}' AND is_active = ${yes}`,
      ),
    ).toBe('0');
    expect(
      await query(`SELECT count(*) FROM user_roles WHERE scope_id = '${sales}' AND is_active = ${yes}`),
    ).toBe('0');
    const after = await everything(at.database);
    await at.run('team delete', {}, 'Sales');
    expect(await everything(at.database)).toEqual(after);
    const { report: listed } = await at.run('team list', {});
    expect(rowsOf(listed, 'teams')?.map(([name]) => name)).toEqual(['Support']);
    expect((await at.run('team set', { description: 'x' }, 'Sales')).report.error?.details[0]).toContain(
      'is deleted; what makes it again: mcpgw team create Sales',
    );

    await query(`UPDATE tools SET team_id = '${sales}' WHERE id = 'tool-1'`);
    const back = await at.run('team create', { owner: ALICE }, 'Sales');
    expect(back.report.warnings).toEqual([
      '“Sales” was deleted once, and what still carries its id comes back with it: 1 tool.',
    ]);
    expect(await query(`SELECT id, created_by FROM email_teams WHERE slug = 'sales'`)).toBe(
      `${sales}\t${ALICE}`,
    );
    expect(
      await query(
        `SELECT user_email FROM email_team_members WHERE team_id = '${sales}' AND is_active = ${yes}`,
      ),
    ).toBe(ALICE);

    await at.run('team delete', { moveTo: 'support' }, sales);
    expect(await where('tools')).toBe('support\ndana-corps-team');
  });

  test('rows that would collide where they go are named, all of them', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    for (const name of ['Sales', 'Support']) await at.run('team create', {}, name);
    const idOf = (slug: string) => query(`SELECT id FROM email_teams WHERE slug = '${slug}'`);
    const [sales, support] = [await idOf('sales'), await idOf('support')];
    await query(
      `UPDATE tools SET name = 'same', team_id = CASE id WHEN 'tool-1' THEN '${sales}' ELSE '${support}' END`,
    );
    await query(
      `UPDATE servers SET name = 'both', team_id = CASE id WHEN 'server-1' THEN '${sales}' ELSE '${support}' END`,
    );
    const before = await everything(at.database);
    const { report } = await at.run('team delete', { moveTo: 'Support' }, 'Sales');
    expect(report.error).toMatchObject({
      code: 'PREFLIGHT',
      details: [
        `servers server-1: ${ADMIN} has another name “both” where it would go; rename one of them`,
        `tools tool-1: ${ADMIN} has another name “same” where it would go; rename one of them`,
      ],
    });
    expect(await everything(at.database)).toEqual(before);
  });

  test('v0.6.0 has no teams: migrate is next', async () => {
    const database = await v060Database(id);
    const runs = commandRuns(database, '/');
    for (const words of [['list'], ['create', 'Sales']]) {
      const { report } = await runs((io) => accounts(io, WRITING, ['team', ...words], {}));
      expect(report).toMatchObject({ exitCode: 2, next: 'mcpgw migrate', error: { code: 'STATE' } });
    }
    await database.drop();
  });
});
