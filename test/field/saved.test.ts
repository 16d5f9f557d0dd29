import { readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { orphans } from '../../src/checks/orphans.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { clientEnv } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { cliReport } from '../support/cli-report.ts';
import { connect } from '../support/connect.ts';
import { DATABASES } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { realClient } from '../support/real-client.ts';
import { rollback } from '../support/rollback.ts';
import { fix } from '../support/run-checks.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { surroundings } from '../support/surroundings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A server, or a proxy before it, that confirms and keeps nothing. */
function forgetful(db: Connection): Connection {
  const { dialect } = db;
  if (dialect.transactionalDdl) {
    return { ...db, dialect: { ...dialect, endRun: (connection) => dialect.endRun(connection, false) } };
  }
  const beginRun: typeof dialect.beginRun = async (connection, lock) => {
    await dialect.beginRun(connection, lock);
    await db.run(statement('SET SESSION autocommit = 0'));
  };
  return { ...db, dialect: { ...dialect, beginRun } };
}

describe('What a run reports as saved, it has read through a second connection', () => {
  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('a migration that was confirmed and not kept is no success: exit 3', async () => {
        const database = await sampleDatabase(id);
        await expect(migrate(database, { wrap: forgetful })).rejects.toMatchObject({
          code: 'PARTIAL',
          message: 'The migration went through, and another connection does not find it.',
        });
      });

      it('nor is a rollback', async () => {
        const database = await sampleDatabase(id);
        await migrate(database);
        await expect(rollback(database, { wrap: forgetful })).rejects.toMatchObject({ code: 'PARTIAL' });
      });

      it('a repair that was not kept leaves its findings', async () => {
        const { database, settings } = await migratedDatabase(id, (made) =>
          made.query('UPDATE tools SET owner_email = NULL, team_id = NULL'),
        );
        const withConnection = <T>(use: (db: Connection) => Promise<T>) => connect(database, use);
        const at = {
          settings,
          withConnection: <T>(use: (db: Connection) => Promise<T>) =>
            connect(database, (db) => use(forgetful(db))),
        };
        const result = await fix(at, [orphans], {}, surroundings(withConnection));
        expect([result.clean, result.checks[0]?.repaired]).toEqual([false, 0]);
        expect(result.checks[0]?.remaining).toBeGreaterThan(0);
      });

      it.runIf(dialect === 'postgresql' && !clientIsOlder({ id }))('nor is a restore', async () => {
        const database = await sampleDatabase(id);
        const place = temporaryFolder();
        const made = await cliReport(database.url, ['backup', '--backup-dir', place], { env: clientEnv(id) });
        expect(made.exitCode).toBe(0);
        const manifest = join(place, readdirSync(place).find((name) => name.endsWith('.json')) ?? '');
        const { real, clients } = realClient(id, 'psql');
        const forgetfulPsql = join(temporaryFolder(), 'psql');
        const script = `#!/bin/sh\nsed -u 's/^COMMIT;$/ROLLBACK;/' | exec '${real}' "$@"\n`;
        writeFileSync(forgetfulPsql, script, { mode: 0o755 });
        const PATH = [dirname(forgetfulPsql), clients, process.env.PATH].join(delimiter);
        const restore = ['restore', manifest, '--no-backup', '--confirm', database.name];
        const { report } = await cliReport(database.url, restore, { env: { PATH } });
        expect(report.error).toMatchObject({
          code: 'PARTIAL',
          message: 'The restore went through, and another connection does not find it.',
        });
      });

      it('where no second connection can be had, a warning says so', async () => {
        const database = await sampleDatabase(id);
        const nowhere = { url: 'postgresql://u:p@127.0.0.1:9/x' };
        const result = await migrate(database, { context: { reconnect: (use) => connect(nowhere, use) } });
        expect(result.changed).toBe(true);
        expect(result.warnings.map(String)).toContainEqual(
          expect.stringContaining('through a second connection'),
        );
      });
    });
  }
});
