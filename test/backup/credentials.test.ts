import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DATABASES, type DatabaseKind } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { backUp, putBack, v060Database } from './backup-context.ts';
import { clientIsOlder } from './client-is-older.ts';

const PASSWORD = `pla nted@:/%'"\\#$;&é-9Zq`;
const USER = 'mcpgw_planted';

for (const kind of DATABASES.filter(({ dialect }) => dialect !== 'sqlite')) {
  describe.skipIf(!kind.available || clientIsOlder(kind))(`credentials [${kind.id}]`, () => {
    test('a password of every awkward character works, and shows up nowhere', async () => {
      const database = await planted(kind);
      const directory = temporaryFolder();
      const seen = watchProcesses();
      const made = await backUp(database, { directory });
      await database.query('DELETE FROM tool_metrics');
      await putBack(database, { directory, name: made.file });
      const commands = seen();
      expect(await database.query('SELECT count(*) FROM tool_metrics')).toBe('1');

      expect(commands.some((command) => /dump/.test(command) && /client\.cnf|--snapshot/.test(command))).toBe(
        true,
      );
      const files = readdirSync(directory);
      const texts = files
        .filter((name) => name.endsWith('.json'))
        .map((name) => readFileSync(join(directory, name), 'utf8'));
      const forms = [
        PASSWORD,
        encodeURIComponent(PASSWORD),
        JSON.stringify(PASSWORD).slice(1, -1),
        'pla nted',
        'pla%20nted',
      ];
      for (const form of forms) {
        expect([...commands, ...files, ...texts].filter((text) => text.includes(form))).toEqual([]);
      }
    });
  });
}

/** A v0.6.0 database whose URL is that of a user of its own, with the planted password. */
async function planted({ id, dialect }: DatabaseKind): Promise<TestDatabase> {
  const database = await v060Database(id);
  const user = `${USER}_${database.name.slice(-6)}`;
  const literal = PASSWORD.replaceAll("'", "''");
  const statements =
    dialect === 'postgresql'
      ? [`CREATE ROLE ${user} LOGIN PASSWORD '${literal}'`, `GRANT ALL ON SCHEMA public TO ${user}`]
      : [
          `CREATE USER ${user} IDENTIFIED BY '${literal.replaceAll('\\', '\\\\')}'`,
          `GRANT ALL ON ${database.name}.* TO ${user}`,
        ];
  onTestFinished(async () => {
    const admin = await createDatabase(id);
    await database.drop();
    await admin.query(dialect === 'postgresql' ? `DROP ROLE ${user}` : `DROP USER ${user}`);
    await admin.drop();
  });
  if (dialect === 'postgresql') {
    await database.query(statements[0] ?? '');
    await database.query(statements[1] ?? '');
    // The administrator owns the server's own databases too, which REASSIGN would give away.
    const tables = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    for (const table of tables.split('\n')) await database.query(`ALTER TABLE ${table} OWNER TO ${user}`);
  } else for (const statement of statements) await database.query(statement);
  const url = new URL(database.url);
  const own = `${url.protocol}//${user}:${encodeURIComponent(PASSWORD)}@${url.host}${url.pathname}`;
  return { ...database, url: own };
}

/** Collects the command line of every process until it is asked for them. */
function watchProcesses(): () => string[] {
  const commands = new Set<string>();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        commands.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  const timer = setInterval(look, 5);
  return () => {
    clearInterval(timer);
    return [...commands];
  };
}
