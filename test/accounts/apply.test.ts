import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyPassword } from '../../src/seed/password.ts';
import { hooked } from '../faults/kill-support.ts';
import { rowsOf } from '../support/command-run.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { ADMIN } from '../support/migrated-database.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { type Accounts, accountsDatabase, everything } from './support.ts';

const WISH = `
users:
  - { email: carol@corp.example.com, fullName: Carol, passwordFile: carol.password }
  - { email: Dave@corp.example.com, admin: true }
  - { email: bob@corp.example.com, fullName: Bob, active: false }
teams:
  - name: Engineering
    description: Builds
    members:
      - { email: carol@corp.example.com, role: owner, grants: [team_admin] }
      - { email: alice@corp.example.com, grants: [developer, viewer] }
      - dave@corp.example.com
  - name: Sales & Co
    slug: sales
    visibility: public
    maxMembers: 5
assignments:
  - { rows: 'tool:tool-*', team: Engineering, owner: carol@corp.example.com, visibility: team }
  - { type: [prompt], teamFrom: dana-corps-team, team: Sales & Co }
`;

function write(at: Accounts, text: string): string {
  const path = join(at.cwd, 'accounts.yaml');
  writeFileSync(path, text);
  return path;
}

describeEachDatabase('a file of teams and users', ({ id, dialect }) => {
  const yes = dialect === 'postgresql' ? 'true' : '1';
  const members = (slug: string) => `SELECT m.user_email, m.role FROM email_team_members m JOIN email_teams t
    ON t.id = m.team_id WHERE t.slug = '${slug}' AND m.is_active = ${yes} ORDER BY m.user_email`;
  const grants = `SELECT u.user_email, r.name FROM user_roles u JOIN roles r ON r.id = u.role_id
    WHERE u.scope = 'team' AND u.is_active = ${yes} ORDER BY u.user_email, r.name`;

  test('is made so, once; what it does not name stays, and goes with --prune', async () => {
    const at = await accountsDatabase(id);
    const { query } = at.database;
    await at.run('team create', {}, 'Sales');
    writeFileSync(join(at.cwd, 'carol.password'), 'Carols-own-1\n');
    const file = write(at, WISH);
    const before = await everything(at.database);
    const dry = await at.run('apply', { dryRun: true }, file);
    expect(dry.report.steps.map(({ id: step }) => step)).toEqual([
      ...['user:create', 'user:set', 'team:create', 'team:set', 'team:add', 'team:grant', 'assign:rows'],
    ]);
    expect(await everything(at.database)).toEqual(before);
    const made = await at.run('apply', {}, file);
    expect(made.report).toMatchObject({ exitCode: 0, command: 'apply', warnings: [] });
    expect(rowsOf(made.report, 'changes')?.length).toBe(20);
    expect(await query(members('engineering'))).toBe(
      'alice@corp.example.com\tmember\ncarol@corp.example.com\towner\ndave@corp.example.com\tmember',
    );
    expect(await query(grants)).toBe(
      'alice@corp.example.com\tdeveloper\nalice@corp.example.com\tviewer\ncarol@corp.example.com\tteam_admin',
    );
    const told = 'SELECT name, visibility, max_members FROM email_teams WHERE slug =';
    expect(await query(`${told} 'sales'`)).toBe('Sales & Co\tpublic\t5');
    expect(await query(`SELECT email FROM email_users WHERE is_admin = ${yes} ORDER BY email`)).toBe(
      `${ADMIN}\ndave@corp.example.com`,
    );
    expect(await query(`SELECT full_name FROM email_users WHERE is_active <> ${yes}`)).toBe('Bob');
    const hash = await query(`SELECT password_hash FROM email_users WHERE email = 'carol@corp.example.com'`);
    expect(await verifyPassword(hash, 'Carols-own-1')).toBe(true);

    const rows = (table: string) =>
      query(
        `SELECT DISTINCT t.slug, r.owner_email, r.visibility FROM ${table} r JOIN email_teams t ON t.id = r.team_id`,
      );
    expect(await rows('tools')).toBe('engineering\tcarol@corp.example.com\tteam');
    expect(await rows('prompts')).toBe(`sales\t${ADMIN}\tpublic`);

    const after = await everything(at.database);
    // A password is read for who is made, and no more.
    writeFileSync(join(at.cwd, 'carol.password'), '');
    const { report } = await at.run('apply', {}, file);
    expect(rowsOf(report, 'changes')).toEqual([['Nothing: all of it is there already.']]);
    expect(await everything(at.database)).toEqual(after);

    const smaller = write(
      at,
      readFileSync(file, 'utf8')
        .replace(/ +- \{ email: alice.*\n +- dave.*\n/, '')
        .replace(/ +- name: Sales[\s\S]*/, ''),
    );
    await query(
      `UPDATE tools SET team_id = (SELECT id FROM email_teams WHERE slug = 'sales') WHERE id = 'tool-1'`,
    );
    await at.run('apply', {}, smaller);
    expect(await everything(at.database)).toEqual([
      ...after.slice(0, 4),
      expect.anything(),
      ...after.slice(5),
    ]);
    const pruned = await at.run('apply', { prune: true }, smaller);
    expect(pruned.report.exitCode).toBe(0);
    expect(await query(members('engineering'))).toBe('carol@corp.example.com\towner');
    expect(await query(grants)).toBe('carol@corp.example.com\tteam_admin');
    expect(await query(`SELECT count(*) FROM email_teams WHERE slug = 'sales' AND is_active = ${yes}`)).toBe(
      '0',
    );
    expect(
      await query(`SELECT t.slug FROM tools r JOIN email_teams t ON t.id = r.team_id WHERE r.id = 'tool-1'`),
    ).toBe('carols-team');
    expect(await query(`SELECT email FROM email_users WHERE is_active = ${yes} ORDER BY email`)).toBe(
      `${ADMIN}\ncarol@corp.example.com\ndave@corp.example.com`,
    );
  });

  test('killed behind any of its writes it is all done or not begun', async () => {
    const { database, ...at } = await accountsDatabase(id);
    const path = write({ database, ...at }, WISH.replace(', passwordFile: carol.password', ''));
    const before = await everything(database);
    const run = (hook?: Parameters<typeof hooked>[1]) =>
      spawnCli(
        ['apply', path, '--yes', '--no-backup'],
        hook === undefined ? { env: { DATABASE_URL: database.url } } : hooked(database.url, hook),
      );
    const asBefore = () => expect.poll(() => everything(database), { timeout: 10_000 }).toEqual(before);
    for (const nth of [1, 6, 14]) {
      const { signal, stdout } = await run({ at: nth, phase: 'after', signal: 'SIGKILL' });
      expect([nth, signal, stdout]).toEqual([nth, 'SIGKILL', '']);
      await asBefore();
    }
    const commit = { at: 1, match: '^COMMIT', signal: 'SIGKILL' } as const;
    expect((await run({ ...commit, phase: 'before' })).signal).toBe('SIGKILL');
    await asBefore();
    expect((await run({ ...commit, phase: 'after' })).signal).toBe('SIGKILL');
    const again = await run();
    expect([again.exitCode, again.stdout]).toEqual([
      0,
      expect.stringContaining('all of it is there already'),
    ]);
  });
});

test('everything that is wrong in a file is told at once, each with its place', async () => {
  const at = await accountsDatabase('sqlite');
  const before = await everything(at.database);
  const wrong = async (text: string) => {
    const { report } = await at.run('apply', {}, write(at, text));
    expect(report).toMatchObject({ exitCode: 2, error: { code: 'USAGE' } });
    return report.error?.details;
  };
  expect(
    await wrong(
      'users:\n  - email: 3\n    adminn: true\nteams:\n  - name: x\n    members: [{ email: a, role: boss }, 7]\n',
    ),
  ).toEqual([
    'users[0].email: invalid input: expected string, received number',
    'users[0].adminn: there is no such key',
    'teams[0].members[0].role: invalid option: expected one of "owner"|"member"',
    'teams[0].members[1]: invalid input: expected object, received number',
  ]);
  // Not a word of what may be anything is repeated.
  expect(await wrong('SQLite format 3\0 Bearer planted-secret')).toEqual(['it is no text']);
  expect(await wrong('a: b: planted-secret')).not.toEqual([expect.stringContaining('planted')]);
  expect(await wrong('')).toEqual(['it is empty']);
  expect(await wrong('teams: [')).toEqual([expect.stringContaining('line 1, column 9: this is no YAML')]);
  expect(await wrong('teams: [{ name: a, name: b }]')).toEqual([expect.stringContaining('DUPLICATE_KEY')]);
  expect(
    await wrong('teams: [{ name: New, members: [nobody@corp.example.com, alise@corp.example.com] }]'),
  ).toEqual([
    'There is no user “nobody@corp.example.com”.',
    'There is no user “alise@corp.example.com”. Nearest: alice@corp.example.com.',
  ]);
  expect(await wrong('{"teams": [{"name": "New", "assignments": []}]}')).toEqual([
    'teams[0].assignments: there is no such key',
  ]);
  expect((await at.run('apply', {}, join(at.cwd, 'missing.yaml'))).report.error?.message).toContain(
    'it does not exist',
  );
  expect(await everything(at.database)).toEqual(before);
});
