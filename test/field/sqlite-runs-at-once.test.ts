import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statement } from '../../src/database/statement.ts';
import { backUp, v060Database } from '../backup/backup-context.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { spawnCli } from '../support/spawn-cli.ts';

describe('Runs on one database go one after the other', () => {
  describe('sqlite', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
    let database: TestDatabase;
    let manifest = '';

    beforeAll(async () => {
      database = await v060Database('sqlite');
      manifest = (await backUp(database, { directory })).manifest;
    });
    afterAll(async () => {
      await database.drop();
      rmSync(directory, { recursive: true, force: true });
    });

    const fresh = async (journal: string) => {
      const copy = await createDatabase('sqlite');
      copyFileSync(database.name, copy.name);
      await copy.query(`PRAGMA journal_mode = ${journal}`);
      return copy;
    };

    it.each(['delete', 'wal'])(
      'migrate and two restores at once (%s) take turns, and none waits for one that waits for it',
      async (journal) => {
        const copy = await fresh(journal);
        try {
          const env = { DATABASE_URL: copy.url };
          const restore = ['restore', manifest, '--no-backup', '--confirm', `mcp from ${database.url}`];
          const since = performance.now();
          const runs = await Promise.all([
            spawnCli(['migrate', '--yes', '--no-backup'], { env }),
            spawnCli(restore, { env }),
            spawnCli(restore, { env }),
          ]);
          expect(runs.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
          expect(performance.now() - since).toBeLessThan(40_000);
          expect(runs.map(({ stderr }) => stderr).join()).not.toContain('readonly');
          expect((await spawnCli(['status'], { env })).exitCode).toBe(0);
        } finally {
          await copy.drop();
        }
      },
    );

    it('a file that is replaced under a connection is opened again: what the run writes is in the new one', async () => {
      const [copy, other] = [await fresh('delete'), await fresh('delete')];
      try {
        await connect(copy, async (db) => {
          await db.dialect.readSchema(db);
          renameSync(other.name, copy.name);
          await db.dialect.beginRun(db, { timeoutMs: 1_000, onWait: () => {} });
          await db.run(statement("UPDATE tools SET description = 'new'"));
          await db.dialect.endRun(db, true);
        });
        expect(await copy.query("SELECT count(*) FROM tools WHERE description = 'new'")).toBe('3');
      } finally {
        await copy.drop();
        await other.drop();
      }
    });

    it('a run that waits in vain still names the other, and can be gone on with', async () => {
      const copy = await fresh('delete');
      try {
        await connect(copy, (holder) =>
          connect(copy, async (db) => {
            await holder.dialect.beginRun(holder, { timeoutMs: 0, onWait: () => {} });
            const waiting = db.dialect.beginRun(db, { timeoutMs: 300, onWait: () => {} });
            await expect(waiting).rejects.toMatchObject({ code: 'BUSY' });
            await holder.dialect.endRun(holder, false);
            expect((await db.dialect.readSchema(db)).has('tools')).toBe(true);
          }),
        );
      } finally {
        await copy.drop();
      }
    });
  });
});
