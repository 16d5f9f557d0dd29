import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { freshSchema } from '../support/fresh-schema.ts';
import { migrate } from '../support/migrate.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { stopping } from '../support/stopping.ts';
import { databaseContent, type Rows } from '../support/table-content.ts';
import { v060Database } from '../support/template.ts';
import { ADMIN } from '../support/test-settings.ts';

describeEachDatabase('a run that is stopped', ({ id, dialect }) => {
  let database: TestDatabase;
  const transactional = dialect !== 'mysql';

  beforeEach(async () => {
    database = await v060Database(id);
  });
  afterEach(() => database?.drop());

  const snapshot = () =>
    connect(database, async (db) => {
      const schema = await db.dialect.readSchema(db);
      return { shape: schemaShape(schema), content: await databaseContent(db, schema) };
    });
  /** Runs until it has written so many statements. */
  const stopAfter = (statements: number) => migrate(database, { wrap: (db) => stopping(db, statements) });

  test.runIf(transactional)('leaves the database as it was, wherever it stops', async () => {
    const before = await snapshot();
    const bytes = () => (dialect === 'sqlite' ? readFileSync(database.name).toString('base64') : '');
    const file = bytes();
    const step = dialect === 'sqlite' ? 3 : 20;
    let stops = 0;
    for (let after = 0; after < 500; after += step) {
      const stopped = await stopAfter(after).then(
        () => false,
        (error: unknown) => {
          expect(String(error)).toMatch(/stopped by the test/);
          return true;
        },
      );
      if (!stopped) break;
      stops++;
      expect(await snapshot()).toEqual(before);
      expect(bytes() === file).toBe(true);
    }
    expect(stops).toBeGreaterThan(3);
    expect((await migrate(database)).changed).toBe(false);
  });

  test.runIf(!transactional).each([3])(
    'goes on when it is run again, %i statements at a time, to the same end',
    async (statements) => {
      const before = await snapshot();
      let stops = 0;
      for (;;) {
        const error = await stopAfter(statements).then(
          () => null,
          (reason: unknown) => reason,
        );
        if (error === null) break;
        expect(error).toMatchObject({ code: 'PARTIAL', exitCode: 3 });
        if (++stops > 100) throw new Error('a run that stops does not get further');
      }
      expect(stops).toBeGreaterThan(5);
      const { shape, content } = await snapshot();
      expect(shape).toEqual(schemaShape(await freshSchema(id)));
      expectOwned(before.content, content);
      expect((await migrate(database)).changed).toBe(false);
    },
  );

  test('a signal stops it before its next statement', async () => {
    const before = await snapshot();
    const stop = new AbortController();
    let written = 0;
    const run = migrate(database, {
      context: { signal: stop.signal },
      onStatement: (text) => {
        if (/^CREATE TABLE/.test(text) && ++written === 3) stop.abort('SIGINT');
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(written).toBe(3);
    if (transactional) expect(await snapshot()).toEqual(before);
    expect((await migrate(database)).changed).toBe(true);
    expectOwned(before.content, (await snapshot()).content);
  });
});

/** Every value that was there is still there, and every owned row has its owner. */
function expectOwned(before: ReadonlyMap<string, Rows>, after: ReadonlyMap<string, Rows>): void {
  const [team] = after.get('email_teams')?.keys() ?? [];
  expect(team).toMatch(/^[0-9a-f]{32}$/);
  for (const name of [
    'email_users',
    'email_teams',
    'email_team_members',
    'user_roles',
    'email_auth_events',
  ]) {
    expect([name, after.get(name)?.size]).toEqual([name, 1]);
  }
  expect(after.get('roles')?.size).toBe(4);
  for (const name of ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents']) {
    for (const [key, row] of before.get(name) ?? []) {
      expect(after.get(name)?.get(key)).toMatchObject({
        ...row,
        ...{ team_id: team, owner_email: ADMIN.email, visibility: 'public' },
      });
    }
  }
  const names = [...(after.get('tools')?.values() ?? [])].map((row) => row.display_name);
  expect(names).toEqual(['Get User', 'V2Api', 'École Normale']);
}
