import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.ts';
import { REAL_DATABASES, realDumps } from '../support/real-dumps.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ADMIN } from '../support/test-settings.ts';
import {
  emptyGateway,
  importing,
  mcpgw,
  problemsOf,
  REAL_CONFIG,
  ROOT,
  realFiles,
  realGateway,
  secretOf,
} from './import-support.ts';

interface Document {
  readonly source: { readonly release: string };
  readonly counts: Readonly<Record<string, number>>;
  readonly entities: Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

type Env = Readonly<Record<string, string>>;

/** An export; its path, and what it says but for its time and where it was made. */
async function exported(database: Pick<TestDatabase, 'url'>, env: Env, args: readonly string[] = []) {
  const path = join(temporaryFolder(), 'export.json');
  const run = await mcpgw(database, ['export', path, ...args], env);
  expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
  const text = readFileSync(path, 'utf8');
  const rows = text.replace(/\n {2}"exportedAt": .*/, '').replace(/"source": \{[^}]*\}/, '');
  return { path, rows, document: JSON.parse(text) as Document };
}

const of = (name: string): Env => ({ AUTH_ENCRYPTION_SECRET: secretOf(name), PLATFORM_ADMIN_EMAIL: ROOT });

/** Exports, imports into an empty database, and exports again. */
async function roundTrip(from: Pick<TestDatabase, 'url'>, to: TestDatabase, env: Env) {
  const before = await exported(from, env);
  const isNew = before.document.source.release === '0.7.0';
  const file = isNew ? await exported(from, env, ['--with-teams']) : before;
  const run = await importing(to, file.path, [], env);
  expect([run.exitCode, problemsOf(run)]).toEqual([0, []]);
  const after = await exported(to, env);
  expect(await importing(to, file.path, ['--mode', 'replace'], env)).toMatchObject({
    exitCode: 0,
    report: { steps: [] },
  });
  const { checks } = (await mcpgw(to, ['verify'], env)).report;
  const found = checks.filter(({ status }) => status !== 'passed').map(({ id }) => id);
  // That password is the gateway’s own trouble, wherever it is.
  expect(found.filter((id) => id !== 'credentials.colon-password')).toEqual([]);
  return { before, after, isNew };
}

/** A document of v0.7.0 without what v0.6.0 does not have. */
function asV060({ entities }: Document) {
  return Object.fromEntries(
    Object.entries(entities).map(([table, rows]) => [
      table,
      rows.map(
        ({ team: _team, owner_email: _owner, visibility: _visibility, display_name: _name, ...row }) => row,
      ),
    ]),
  );
}

function expectSame({ before, after, isNew }: Awaited<ReturnType<typeof roundTrip>>) {
  if (isNew) expect(after.rows).toBe(before.rows);
  else expect(asV060(after.document)).toEqual(before.document.entities);
}

describe.skipIf(REAL_CONFIG === undefined)('every real configuration, exported, imported, exported', () => {
  // Its duplicates have no owners, and one owner cannot have them all.
  const names = realFiles('.sqlite.sql').filter((name) => !name.includes('after-gateway-import'));

  test.each(names)('%s', async (name) => {
    expectSame(await roundTrip(await realGateway(name), await emptyGateway('sqlite'), of(name)));
  });

  test.each(DATABASES.filter(({ id, available }) => available && id !== 'sqlite').map(({ id }) => id))(
    'v0.7.0 with teams from SQLite to %s and back',
    async (id) => {
      const name = 'v0.7.0-teams.sqlite.sql';
      const there = await emptyGateway(id);
      const first = await roundTrip(await realGateway(name), there, of(name));
      const { after } = await roundTrip(there, await emptyGateway('sqlite'), of(name));
      // MySQL keeps no fractions of a second.
      const whole = (text: string) => text.replaceAll(/(T\d\d:\d\d:\d\d)\.\d{6}Z/g, '$1Z');
      expect(whole(after.rows)).toBe(whole(first.before.rows));
      expect(after.rows).toBe(first.after.rows);
    },
  );

  test('duplicates that nobody owns are refused, by name', async () => {
    const name = 'v0.7.0-after-gateway-import.sqlite.sql';
    const { path } = await exported(await realGateway(name), of(name));
    const run = await importing(await emptyGateway('sqlite'), path, [], of(name));
    expect(run.exitCode).toBe(2);
    expect(problemsOf(run)).toContain(
      'entities.servers[1] (server Main Server): team_id, owner_email, name would be those of entities.servers[0] (server Main Server)',
    );
  });

  test('what v0.6.0 exported is in the database that was migrated from it', async () => {
    for (const name of realFiles('.sqlite.sql').filter((each) => each.startsWith('v0.6.0'))) {
      const database = await realGateway(name);
      const { path } = await exported(database, of(name));
      const migrated = await mcpgw(database, ['migrate', '--yes', '--no-backup'], {
        ...of(name),
        PLATFORM_ADMIN_PASSWORD: 'changeme-070',
      });
      expect(migrated.exitCode).toBe(0);
      const before = await exported(database, of(name));
      for (const mode of ['merge', 'replace']) {
        const run = await importing(database, path, ['--mode', mode], of(name));
        expect([mode, run.exitCode, run.report.steps]).toEqual([mode, 0, []]);
      }
      expect((await exported(database, of(name))).rows).toBe(before.rows);
    }
  });
});

describe.skipIf(REAL_DATABASES === undefined)('every real database, exported, imported, exported', () => {
  const families = new Set(DATABASES.filter(({ available }) => available).map(({ id }) => id));
  // The large ones are of the same gateways.
  const dumps = realDumps().filter(
    ({ kind, state }) => families.has(kind.id) && (kind.id === 'sqlite' || /small|fresh/.test(state)),
  );

  test.each(dumps.map((dump) => [dump.kind.id, dump.state, dump.path] as const))(
    '%s %s',
    async (id, _state, path) => {
      const database = await createDatabase(id);
      onTestFinished(() => database.drop());
      await database.load(path);
      const env = {
        AUTH_ENCRYPTION_SECRET: 'my-test-salt',
        PLATFORM_ADMIN_EMAIL: ADMIN.email,
        PLATFORM_ADMIN_FULL_NAME: ADMIN.fullName,
      };
      const empty = await createDatabase(id);
      onTestFinished(() => empty.drop());
      expect((await mcpgw(empty, ['migrate', '--yes', '--no-backup'], env)).exitCode).toBe(0);
      expectSame(await roundTrip(database, empty, env));
    },
  );
});
