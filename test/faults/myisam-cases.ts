import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { fix } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { verify } from '../../src/commands/verify.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { commandRuns } from '../support/command-run.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, smallV060 } from './kill-support.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept', yes: true } as const;

/** As an administrator has to: InnoDB alone has foreign keys. */
async function toMyisam(database: TestDatabase, table: string): Promise<void> {
  const keys = await database.query(`SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS
    WHERE TABLE_SCHEMA = database() AND TABLE_NAME = '${table}' AND CONSTRAINT_TYPE = 'FOREIGN KEY'`);
  for (const key of keys.split('\n').filter((name) => name !== ''))
    await database.query(`ALTER TABLE ${table} DROP FOREIGN KEY ${key}`);
  await database.query(`ALTER TABLE ${table} ENGINE=MyISAM`);
}

/** Tables without transactions: half of a statement stays, and a snapshot does not cover them. */
export function myisamCases(ids: readonly DatabaseId[]): void {
  describeDatabases(ids, 'MyISAM tables in a v0.6.0 database', (kind) => {
    const start = async () => {
      const database = await smallV060(kind.id);
      const cwd = temporaryFolder();
      return { database, cwd, run: commandRuns(database, cwd) };
    };
    const engines = `SELECT group_concat(TABLE_NAME ORDER BY TABLE_NAME) FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = database() AND ENGINE = 'MyISAM'`;

    test.each(['global_config', 'tool_metrics', 'alembic_version'])(
      '%s: refused with the statement that converts it; then it migrates',
      async (table) => {
        const { database, run } = await start();
        await toMyisam(database, table);
        const before = await endState(database);
        for (const dryRun of [true, false]) {
          const { report } = await run((io) => migrate(io, { ...GLOBAL, dryRun }));
          const says = JSON.stringify([report.error, report.warnings]);
          expect([dryRun, says]).toEqual([dryRun, expect.stringContaining(`${table}: MyISAM`)]);
          if (!dryRun) expect(report).toMatchObject({ exitCode: 2, error: { code: 'PREFLIGHT' } });
        }
        expect(await endState(database)).toEqual(before);
        await database.query(`ALTER TABLE ${table} ENGINE=InnoDB`);
        expect((await run((io) => migrate(io, { ...GLOBAL, backup: false }))).report.exitCode).toBe(0);
        // A foreign key that went with InnoDB comes back.
        expect((await run((io) => fix(io, { ...GLOBAL, backup: false }))).report.exitCode).toBe(0);
        expect((await run((io) => verify(io, GLOBAL))).report.exitCode).toBe(0);
      },
    );

    test.skipIf(clientIsOlder(kind))('are backed up and restored as they are', async () => {
      const { database, cwd, run } = await start();
      for (const table of ['tool_metrics', 'global_config']) await toMyisam(database, table);
      const before = await endState(database);
      expect((await run((io) => backup(io, GLOBAL))).report.exitCode).toBe(0);
      const [from = ''] = readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
      await database.query('DELETE FROM tool_metrics; DROP TABLE global_config');
      const { report } = await run((io) => restore(io, { ...GLOBAL, from, confirm: database.name }));
      expect(report).toMatchObject({ exitCode: 0, error: null });
      expect(await endState(database)).toEqual(before);
      expect(await database.query(engines)).toBe('global_config,tool_metrics');
    });
  });
}
