import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { schemaShape } from '../support/schema-shape.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { databaseContent } from '../support/table-content.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, hooked, smallV060, undisturbed } from './kill-support.ts';

/** Everything, as it is: what a killed run must leave on databases that take it back. */
function snapshot(database: TestDatabase): Promise<unknown> {
  return connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    const content = [...(await databaseContent(db, schema))].map(([table, rows]) => [
      table,
      [...rows.values()],
    ]);
    return { shape: schemaShape(schema), content };
  });
}

/** Positions spread over all of them, the first and the last two among them. */
function spread(count: number, wanted: number): number[] {
  const positions = Array.from({ length: wanted }, (_, i) =>
    Math.round(1 + (i * (count - 1)) / (wanted - 1)),
  );
  return [...new Set([...positions, count - 1])].filter((n) => n >= 1).toSorted((a, b) => a - b);
}

/** So many databases are killed at once: while a server works on one, the program of another starts. */
const LANES = 2;

interface Point {
  /** The statement, from 1. */
  readonly at: number;
  readonly phase: 'before' | 'after';
}

/**
 * SIGKILL before and after writing statements of a migration.
 *
 * @param positions how many statements, spread over the run
 */
export function killCases(ids: readonly DatabaseId[], positions: number): void {
  describeDatabases(ids, 'a migration that is killed', ({ id, dialect }) => {
    const modes = dialect === 'sqlite' ? ['DELETE', 'WAL'] : [''];
    test.each(modes)(
      'is as before or finished, and a plain migrate ends the same %s',
      async (mode) => {
        const { statements, end } = await undisturbed(id);
        expect(statements.length).toBeGreaterThan(10);
        const points = spread(statements.length, Math.min(positions, statements.length))
          .flatMap((at): Point[] => [
            { at, phase: 'before' },
            { at, phase: 'after' },
          ])
          .values();
        let finished = 0;
        let asBefore = 0;
        let failed = false;

        async function freshDatabase() {
          const database = await smallV060(id);
          if (mode !== '') {
            const file = new SQLite(database.name);
            expect(file.pragma(`journal_mode = ${mode}`, { simple: true })).toBe(mode.toLowerCase());
            file.close();
          }
          return { database, before: await snapshot(database) };
        }

        /** Kills at one point after the other, each taken by one lane only. */
        async function lane() {
          let { database, before } = await freshDatabase();
          for (const { at, phase } of points) {
            if (failed) return;
            const where = `${phase} ${at}: ${statements[at - 1]}`;
            const killed = await spawnCli(
              ['migrate', '--no-backup'],
              hooked(database.url, { at, phase, signal: 'SIGKILL' }),
            );
            const how = [where, killed.signal, killed.exitCode, killed.stdout];
            expect(how).toEqual([where, 'SIGKILL', null, '']);
            if (dialect !== 'mysql') {
              const done = /^COMMIT/.test(statements[at - 1] ?? '') && phase === 'after';
              const now = async () =>
                JSON.stringify(done ? await endState(database) : await snapshot(database));
              // The server takes the transaction back when it sees that the client is gone.
              await expect
                .poll(now, { timeout: 10_000, message: where })
                .toBe(JSON.stringify(done ? end : before));
              asBefore += done ? 0 : 1;
              // What is as before needs no second look at how migrate goes on from there.
              if (!done && at !== 1) continue;
            }
            const again = await spawnCli(['migrate', '--no-backup'], {
              env: { DATABASE_URL: database.url },
            });
            expect([where, again.exitCode, again.stderr]).toEqual([where, 0, expect.any(String)]);
            expect([where, await endState(database)]).toEqual([where, end]);
            finished++;
            await database.drop();
            ({ database, before } = await freshDatabase());
          }
        }

        await Promise.all(Array.from({ length: LANES }, lane)).catch((error: unknown) => {
          failed = true;
          throw error;
        });
        expect(finished).toBeGreaterThan(1);
        if (dialect !== 'mysql') expect(asBefore).toBeGreaterThan(5);
      },
      3_600_000,
    );
  });
}
