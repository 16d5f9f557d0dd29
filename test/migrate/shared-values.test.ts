import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { changing } from '../support/defects.ts';
import { migratedDatabase } from '../support/migrated-database.ts';

describeEachDatabase('rows that share what is to be unique', ({ id }) => {
  test('status, verify and migrate name them, and migrate goes on once they differ', async () => {
    const at = await migratedDatabase(id);
    const { url } = at.database;
    await changing(['tools', { dropUniques: [['team_id', 'owner_email', 'name']] }])(at);
    await at.database.query("UPDATE tools SET name = 'dup'");
    await at.database.query("DELETE FROM roles WHERE name = 'viewer'");

    const { report: refused } = await reportHere(url, ['migrate', '--no-backup']);
    expect(refused).toMatchObject({
      exitCode: 2,
      error: {
        code: 'PREFLIGHT',
        details: [
          'tools (team_id, owner_email, name) is to be unique, but 2 rows share 1 value:',
          '  tools tool-1: “dup”',
          '  tools tool-2: “dup”',
        ],
      },
      next: 'mcpgw verify --only schema.uniques --verbose',
    });
    const { report: status } = await reportHere(url, ['status']);
    expect(status.warnings.join()).toContain('but 2 rows share 1 value.');
    expect(status.next).toBe(refused.next);
    const { report: verify } = await reportHere(url, refused.next.split(' ').slice(1));
    expect(verify.checks[0]?.count).toBe(3);
    expect(verify.next).toBe('');

    await at.database.query("UPDATE tools SET name = 'tool-1' WHERE id = 'tool-1'");
    expect((await reportHere(url, ['migrate', '--no-backup'])).exitCode).toBe(0);
    expect((await reportHere(url, ['verify'])).exitCode).toBe(0);
  });
});
