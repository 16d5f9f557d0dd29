import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createConnection } from 'mysql2/promise';
import { describe, expect, onTestFinished, test } from 'vitest';
import { grantScope, RUN_PRIVILEGES } from '../../../src/database/mysql/privileges.ts';
import { clusterDatabase, GALERA_NODES } from '../../support/cluster-database.ts';
import { connect } from '../../support/connect.ts';
import { createV060, type V060Options } from '../../support/create-v060.ts';
import { createDatabase, DATABASES, EVERY_VERSION, type TestDatabase } from '../../support/databases.ts';
import { askDoctor, type DoctorAnswer } from '../../support/doctor.ts';
import { fingerprint } from '../../support/fingerprint.ts';
import { migrate } from '../../support/migrate.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';
import { serverUser } from '../../support/server-user.ts';

const PASSWORD = 'n0t-to-be-seen';

/** Everything of the groups of a server and a database that is no pass. */
function ours(answer: DoctorAnswer): readonly string[] {
  return answer.problems.filter((id) => /^(server|database)\./.test(id));
}

async function created(id: TestDatabase['id']): Promise<TestDatabase> {
  const database = await createDatabase(id);
  onTestFinished(() => database.drop());
  return database;
}

async function v060(id: TestDatabase['id'], options: V060Options = {}, before = ''): Promise<TestDatabase> {
  const database = await created(id);
  await connect(database, async (db) => {
    if (before !== '') await db.run({ sql: before, parameters: [] });
    await createV060(db, options);
  });
  return database;
}

/** Runs the command of a finding as it stands, and looks again. */
async function afterCommand(database: TestDatabase, answer: DoctorAnswer, id: string): Promise<DoctorAnswer> {
  await database.query(answer.of(id).command ?? '');
  return askDoctor(database.url);
}

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'mysql')) {
  describe.skipIf(!available)(`doctor in the open database [${id}]`, () => {
    test('a healthy database is clean at once, and stays as it is', async () => {
      const { database } = await migratedDatabase(id);
      const before = await fingerprint(database);
      // Time depends on what else the machine does; far from the server, it is the number of statements that counts.
      let statements = 0;
      const count = (message: unknown) => {
        if ((message as { phase: string }).phase === 'before') statements++;
      };
      subscribe('mcpgw:statement', count);
      onTestFinished(() => {
        unsubscribe('mcpgw:statement', count);
      });
      const answer = await askDoctor(database.url);
      expect(statements).toBeLessThan(150);
      expect(ours(answer)).toEqual([]);
      expect(await fingerprint(database)).toEqual(before);
      expect(answer.of('database.version').findings[0]).toMatch(/^(MariaDB|MySQL) \d+\./);
      expect(answer.of('database.space').findings[0]).toMatch(/^data \d+\.\d MB, indexes/);
    });

    test.each(RUN_PRIVILEGES.filter((name) => name !== 'SELECT'))('without %s', async (privilege) => {
      const { database } = await migratedDatabase(id);
      const others = [...RUN_PRIVILEGES, 'LOCK TABLES', 'TRIGGER'].filter((name) => name !== privilege);
      const user = await serverUser(database, PASSWORD, [
        `GRANT ${others.join(', ')} ON <database>.* TO <user>`,
      ]);
      const answer = await askDoctor(user.url);
      expect(answer.of('database.grants').status).toBe('failed');
      expect(answer.of('database.grants').findings).toContain(`mcpgw migrate: lacks ${privilege}`);
      expect(answer.of('database.grants').command).toBe(
        `GRANT ${privilege} ON ${grantScope(database.name)} TO '${user.name}'@'%';`,
      );
      expect(JSON.stringify(answer.report) + answer.stderr).not.toContain(PASSWORD);
      await database.query(answer.of('database.grants').command ?? '');
      expect(ours(await askDoctor(user.url))).toEqual([]);
    });

    test('without SELECT no data can be read, and the grant is told', async () => {
      const { database } = await migratedDatabase(id);
      const user = await serverUser(database, PASSWORD, ['GRANT INSERT ON <database>.* TO <user>']);
      const answer = await askDoctor(user.url);
      expect(ours(answer)[0]).toBe('database.grants');
      expect(answer.of('database.grants').findings[0]).toBe('mcpgw status and mcpgw verify: lacks SELECT');
      expect(answer.of('database.grants').command).toMatch(/^GRANT SELECT, /);
      expect(answer.of('data.release').status).toBe('skipped');
      expect(answer.report.checks.filter(({ status }) => status === 'errored')).toEqual([]);
    });

    test('a table that somebody keeps locked is told first, and the rest is left', async () => {
      const { database } = await migratedDatabase(id);
      const client = await createConnection(database.url);
      onTestFinished(() => client.end());
      await client.query('LOCK TABLES tools WRITE');
      const since = performance.now();
      const { of, report } = await askDoctor(database.url);
      expect(performance.now() - since).toBeLessThan(15_000);
      expect(report.checks.filter(({ status }) => status === 'errored')).toEqual([]);
      expect([of('database.readable').status, of('database.readable').findings]).toEqual([
        'failed',
        [expect.stringContaining(`connection ${client.threadId} from 127.0.0.1, account mcpgw`)],
      ]);
      expect(of('data.verify').status).toBe('skipped');
      await client.query('UNLOCK TABLES');
      expect(ours(await askDoctor(database.url))).toEqual([]);
    });

    test('without the client programs, migrate would refuse for want of a backup', async () => {
      const { database } = await migratedDatabase(id);
      const { of } = await askDoctor(database.url, { env: { PATH: '/nowhere' } });
      const found = of('server.backup-client');
      expect([found.status, found.findings]).toEqual([
        'failed',
        [expect.stringMatching(/^A backup needs (mariadb-dump|mysqldump), which is not on the PATH\.$/)],
      ]);
      expect(found.hint).toContain('--no-backup');
    });

    test('without what a backup and its way back need', async () => {
      const { database } = await migratedDatabase(id, (d) =>
        d.query('CREATE VIEW names AS SELECT name FROM tools'),
      );
      const user = await serverUser(database, PASSWORD, [
        `GRANT ${RUN_PRIVILEGES.join(', ')} ON <database>.* TO <user>`,
      ]);
      const answer = await askDoctor(user.url);
      expect(ours(answer)).toEqual(['database.backup-grants']);
      expect(answer.of('database.backup-grants').status).toBe('warned');
      expect(answer.of('database.backup-grants').findings).toEqual([
        'mcpgw backup: lacks TRIGGER, SHOW VIEW',
        'mcpgw restore and mcpgw rollback: lacks LOCK TABLES, TRIGGER, CREATE VIEW',
        expect.stringContaining('VIEW of `mcpgw`@`%`'),
      ]);
      await database.query(answer.of('database.backup-grants').command ?? '');
      await database.query('DROP VIEW names');
      expect(ours(await askDoctor(user.url))).toEqual([]);
    });

    test('a database in latin1, whose texts stay', async () => {
      const rewrite = (text: string) =>
        text
          .replaceAll(/CHARACTER SET \w+ COLLATE \w+/g, 'CHARACTER SET latin1 COLLATE latin1_swedish_ci')
          .replace(/DEFAULT CHARSET=\w+ COLLATE=\w+/, 'CHARACTER SET latin1 COLLATE latin1_swedish_ci');
      const servers = [{ id: 's1', name: 'alpha', description: 'naïve' }];
      const tools = [{ id: 't1', original_name: 'a', custom_name: 'a', custom_name_slug: 'a', name: 'a' }];
      const links = [{ server_id: 's1', tool_id: 't1' }];
      const database = await v060(id, {
        rewrite,
        rows: { servers, tools, server_tool_association: links },
      });
      await database.query(`ALTER DATABASE ${database.name} CHARACTER SET latin1`);
      const answer = await askDoctor(database.url);
      expect(ours(answer)).toEqual(['database.charset']);
      const found = answer.of('database.charset');
      expect(found.status).toBe('warned');
      expect(found.findings).toContain('the database has latin1_swedish_ci by default');
      expect(found.findings).toContain('a2a_agents: columns in latin1_swedish_ci');
      // The report shows the first of many statements; the command has them all.
      expect(found.hint).toMatch(/SQL: ALTER DATABASE [^;]+; SET SESSION [^;]+; … and \d\d more statements/);
      expect(found.command?.match(/ALTER TABLE/g)?.length).toBeGreaterThan(20);
      const foreignKeys = () =>
        database.query(
          "SELECT count(*) FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = database() AND CONSTRAINT_TYPE = 'FOREIGN KEY'",
        );
      const keysBefore = await foreignKeys();
      expect(ours(await afterCommand(database, answer, 'database.charset'))).toEqual([]);
      expect(await foreignKeys()).toBe(keysBefore);
      expect(await database.query('SELECT description FROM servers')).toBe('naïve');
      await database.query("UPDATE servers SET description = '🙂'");
      await migrate(database);
      expect(ours(await askDoctor(database.url))).toEqual([]);
    });

    test('a table that is not InnoDB', async () => {
      const { database } = await migratedDatabase(id, (d) =>
        d.query('ALTER TABLE alembic_version ENGINE=MyISAM'),
      );
      const answer = await askDoctor(database.url);
      expect(answer.of('database.innodb').status).toBe('failed');
      expect(answer.of('database.innodb').findings).toEqual(['alembic_version: MyISAM']);
      expect(ours(await afterCommand(database, answer, 'database.innodb'))).toEqual([]);
      expect(await database.query('SELECT count(*) FROM alembic_version')).toBe('1');
    });

    test('a row format with short keys, which stops the migration', async () => {
      const latin1 = 'CHARACTER SET latin1 COLLATE latin1_swedish_ci';
      const rewrite = (text: string) =>
        text.includes('CREATE TABLE `prompts`')
          ? text.replace(/DEFAULT CHARSET=\w+ COLLATE=\w+/, `${latin1} ROW_FORMAT=COMPACT`)
          : text;
      const database = await v060(id, { rewrite }, 'SET SESSION innodb_strict_mode = 0');
      const answer = await askDoctor(database.url);
      expect(answer.of('database.key-length').status).toBe('failed');
      expect(answer.of('database.key-length').findings).toEqual(['prompts: ROW_FORMAT=COMPACT']);
      await expect(migrate(database)).rejects.toThrow(/too long|too large|max(imum)? key|767/i);
      const after = await afterCommand(database, answer, 'database.key-length');
      expect(after.of('database.key-length').status).toBe('passed');
      expect((await migrate(database)).changed).toBe(true);
    });

    test('two columns that refer to each other and do not compare', async () => {
      const other = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_icelandic_ci';
      const { database } = await migratedDatabase(id, async (d) => {
        const [key] = (
          await d.query(
            "SELECT CONSTRAINT_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'tool_metrics' AND REFERENCED_TABLE_NAME = 'tools'",
          )
        ).split('\n');
        await d.query(`ALTER TABLE tool_metrics DROP FOREIGN KEY ${key}`);
        await d.query(`ALTER TABLE tool_metrics MODIFY tool_id VARCHAR(36) ${other} NOT NULL`);
      });
      const join = 'SELECT count(*) FROM tool_metrics m JOIN tools t ON t.id = m.tool_id';
      await expect(database.query(join)).rejects.toThrow(/mix of collations/);
      const answer = await askDoctor(database.url);
      expect(answer.of('database.collations').status).toBe('warned');
      expect(answer.of('database.collations').findings[0]).toContain(
        'tool_metrics.tool_id is utf8mb4_icelandic_ci, tools.id is',
      );
      const after = await afterCommand(database, answer, 'database.collations');
      expect(after.of('database.collations').status).toBe('passed');
      expect(await database.query(join)).toBe('2');
    });

    test('a table whose name has capitals', async () => {
      const { database } = await migratedDatabase(id, (d) =>
        d.query('RENAME TABLE mcp_messages TO MCP_Messages'),
      );
      const answer = await askDoctor(database.url);
      expect(answer.of('database.lower-case-table-names').status).toBe('failed');
      expect(answer.of('database.lower-case-table-names').findings).toEqual(['MCP_Messages']);
      expect(ours(await afterCommand(database, answer, 'database.lower-case-table-names'))).toEqual([]);
      expect(await database.query('SELECT count(*) FROM mcp_messages')).toBe('1');
    });

    test('a transaction that stays open', { timeout: 120_000 }, async () => {
      const { database } = await migratedDatabase(id);
      const holder = await createConnection({ uri: database.url });
      try {
        await holder.query('START TRANSACTION');
        await holder.query("UPDATE tools SET description = 'n0t-to-be-seen either' WHERE id = 'tool-1'");
        expect(ours(await askDoctor(database.url))).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        const answer = await askDoctor(database.url);
        expect(ours(answer)).toEqual(['database.blockers']);
        expect(answer.of('database.blockers').findings[0]).toMatch(
          new RegExp(
            `^connection ${holder.threadId} \\(\\w+@127\\.0\\.0\\.1\\): a transaction that is open for \\d+ s`,
          ),
        );
        expect(JSON.stringify(answer.report)).not.toContain(PASSWORD);
        await holder.query('ROLLBACK');
        const after = await askDoctor(database.url);
        expect(after.of('database.blockers').findings).toEqual([]);
      } finally {
        await holder.end();
      }
    });

    test('a user who may not see the connections of others is told so, which is no problem', async () => {
      const { database } = await migratedDatabase(id);
      const user = await serverUser(database, PASSWORD, 'owner');
      const answer = await askDoctor(user.url);
      expect(ours(answer)).toEqual([]);
      expect(answer.of('database.blockers').findings).toEqual([
        'This user sees its own connections only: GRANT PROCESS ON *.* shows the others, and open transactions',
      ]);
    });
  });
}

const hasMariadb = EVERY_VERSION.some(({ id, available }) => id === 'mariadb' && available);

describe.skipIf(!hasMariadb)('MariaDB, whose packets have 16 MB', () => {
  test('a row that a backup can hold, and the server would not take back', async () => {
    const { database } = await migratedDatabase('mariadb', (d) =>
      d.query(
        "ALTER TABLE resources MODIFY binary_content LONGBLOB NULL; UPDATE resources SET binary_content = repeat('x', 9 * 1024 * 1024) WHERE id = 1",
      ),
    );
    expect(ours(await askDoctor(database.url))).toEqual([]);
    const answer = await askDoctor(database.url, { verbose: true });
    expect(ours(answer)).toEqual(['database.packet']);
    expect(answer.of('database.packet').findings).toEqual([
      'resources: a row takes 18.0 MB in a backup',
      'max_allowed_packet is 16.0 MB',
    ]);
    expect(answer.of('database.packet').command).toBe('SET GLOBAL max_allowed_packet = 33554432;');
  });
});

const hasMysql = EVERY_VERSION.some(({ id, available }) => id === 'mysql' && available);

describe.skipIf(!hasMysql)('MySQL, which can be told not to look at foreign keys', () => {
  test('a foreign key between two collations, which stops the migration', async () => {
    const database = await v060('mysql');
    const other = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_icelandic_ci';
    await database.query(
      `SET SESSION foreign_key_checks = 0; ALTER TABLE tools MODIFY gateway_id VARCHAR(36) ${other} NULL`,
    );
    const answer = await askDoctor(database.url);
    expect(answer.of('database.key-collations').status).toBe('failed');
    expect(answer.of('database.key-collations').findings[0]).toContain(
      'tools.gateway_id is utf8mb4_icelandic_ci, gateways.id is',
    );
    await expect(migrate(database)).rejects.toThrow(/incompatible/);
    const after = await afterCommand(database, answer, 'database.key-collations');
    expect(ours(after)).toEqual([]);
    expect((await migrate(database)).changed).toBe(true);
    expect(await database.query("SELECT gateway_id FROM tools WHERE id = 't1'")).toBe('g1');
  });
});

describe.skipIf(!hasMysql)('MySQL, which keeps track of locks', () => {
  test('a table that somebody has locked for writing', async () => {
    const { database } = await migratedDatabase('mysql');
    const holder = await createConnection({ uri: database.url });
    try {
      await holder.query('LOCK TABLES prompts READ');
      const answer = await askDoctor(database.url);
      expect(answer.of('database.blockers').findings).toEqual([
        expect.stringMatching(new RegExp(`^connection ${holder.threadId} .*: has locked prompts$`)),
      ]);
      await holder.query('UNLOCK TABLES');
      expect(ours(await askDoctor(database.url))).toEqual([]);
    } finally {
      await holder.end();
    }
  });
});

describe.skipIf(GALERA_NODES.length === 0)('a node of a Galera cluster', () => {
  test('is clean, and says how many there are', async () => {
    const { urls } = await clusterDatabase();
    const url = urls[0] ?? '';
    await migrate({ url });
    const answer = await askDoctor(url);
    expect(ours(answer)).toEqual([]);
    expect(answer.of('database.galera').findings).toEqual([`${GALERA_NODES.length} nodes, in step`]);
  });
});
