import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, expectNothingToDo, mcpgw, whileServing } from '../support/judge.ts';
import { type Client, logIn } from '../support/served.ts';

const PASSWORD = 'A-first-Passw0rd';
const OTHER = 'Another-Passw0rd';
const FILE = `
users:
  - { email: alice@corp.example.org, fullName: Alice, passwordFile: ./password }
  - { email: alice@else.example.org, fullName: Alice, passwordFile: ./password }
  - { email: bob@corp.example.org, passwordFile: ./password }
  - { email: carol@corp.example.org, passwordFile: ./password, admin: true }
teams:
  - name: Engineering
    members:
      - { email: alice@corp.example.org, role: owner, grants: [developer] }
      - alice@else.example.org
`;

describeJudged('teams and users that mcpgw made', ['0.7.0'], ({ id }) => {
  test('log in, see what they may, and are on the pages of the administrator', async () => {
    const database = await emptyDatabase(id);
    const folder = temporaryFolder();
    const [file, password, other] = ['accounts.yaml', 'password', 'other'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    writeFileSync(file, FILE);
    writeFileSync(password, PASSWORD);
    writeFileSync(other, OTHER);
    await mcpgw(database, 'migrate', '--yes', '--no-backup');
    await mcpgw(database, 'apply', file, '--yes', '--no-backup');
    await mcpgw(
      database,
      'user',
      'password',
      'bob@corp.example.org',
      '--password-file',
      other,
      '--yes',
      '--no-backup',
    );
    await mcpgw(database, 'user', 'deactivate', 'carol@corp.example.org', '--yes', '--no-backup');
    await mcpgw(database, 'verify');
    const team = await database.query(`SELECT id FROM email_teams WHERE slug = 'engineering'`);
    const gateway = await gatewayOn(database, '0.7.0');
    await expectNothingToDo(database, gateway);
    await whileServing(gateway, async (at) => {
      const admin = await logIn(at, ADMIN.email, ADMIN.password);
      const tool = {
        name: 'team_tool',
        url: 'http://127.0.0.1:9/',
        integration_type: 'REST',
        request_type: 'POST',
      };
      const { id: toolId } = (await admin.post('/tools', { tool })) as { id: string };
      await database.query(
        `UPDATE tools SET team_id = '${team}', visibility = 'team' WHERE id = '${toolId}'`,
      );
      const listed = async (who: Client) => {
        const { status, text } = await who.send('GET', `/tools?team_id=${team}`);
        return status === 200 ? (JSON.parse(text) as { id: string }[]).map((one) => one.id) : status;
      };
      const [alice, second] = await Promise.all(
        ['alice@corp.example.org', 'alice@else.example.org'].map((email) => logIn(at, email, PASSWORD)),
      );
      // With a role at the team; without one there is a membership and no permission.
      expect(await listed(alice!)).toEqual([toolId]);
      expect(await listed(second!)).toBe(403);
      const names = async (who: Client) =>
        JSON.stringify(await who.get('/teams/'))
          .match(/"name":"[^"]*"/g)
          ?.toSorted();
      expect(await names(second!)).toEqual([`"name":"Alice's Team"`, '"name":"Engineering"']);

      await expect(logIn(at, 'bob@corp.example.org', PASSWORD)).rejects.toThrow(/answered (401|500)/);
      await logIn(at, 'bob@corp.example.org', OTHER);
      await expect(logIn(at, 'carol@corp.example.org', PASSWORD)).rejects.toThrow(/answered (401|500)/);

      const pages = await Promise.all(
        ['/admin/teams', '/admin/users'].map((path) => admin.send('GET', path)),
      );
      expect(pages.map(({ status }) => status)).toEqual([200, 200]);
      expect(pages[0]?.text).toContain('Engineering');
      for (const name of ['alice@corp', 'alice@else', 'bob@corp', 'carol@corp'])
        expect(pages[1]?.text).toContain(name);
    });

    await mcpgw(database, 'team', 'delete', 'engineering', '--yes', '--no-backup');
    const { query } = database;
    const where = `SELECT t.created_by, r.visibility FROM tools r JOIN email_teams t ON t.id = r.team_id`;
    expect(await query(where)).toBe(`${ADMIN.email}\tteam`);
    await expectNothingToDo(database, gateway);
  });
});
