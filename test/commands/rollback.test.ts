import { expect, onTestFinished, test } from 'vitest';
import { rollback } from '../../src/commands/rollback.ts';
import { v060Database } from '../backup/backup-context.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { migrate } from '../support/migrate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backup: false } as const;

test('rollback says how many rows lose their owner, and what to do afterwards', async () => {
  const database = await v060Database('sqlite');
  onTestFinished(() => database.drop());
  await migrate(database);
  const owned = ['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents'];
  const rows: [string, number][] = [];
  for (const table of owned) {
    const n = Number(await database.query(`SELECT count(*) FROM ${table}`));
    if (n > 0) rows.push([table, n]);
  }
  expect(rows.length).toBeGreaterThan(3);

  const run = commandRuns(database, temporaryFolder());
  const planned = await run((io) => rollback(io, { ...GLOBAL, dryRun: true }));
  expect(rowsOf(planned.report, 'disowned')).toEqual(rows);
  const { report, stderr } = await run((io) => rollback(io, { ...GLOBAL, yes: true }));
  const sum = rows.reduce((all, [, n]) => all + n, 0);
  const tables = rows.map(([table]) => table).join(', ');
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(
    `${sum} rows of ${tables} lose their owner, team and visibility.`,
  );
  expect(report).toMatchObject({ exitCode: 0, next: expect.stringMatching(/^mcpgw status\b/) });
  expect(rowsOf(report, 'gateway')?.[0]?.[0]).toContain('Start the gateway v0.6.0');

  const again = await run((io) => rollback(io, { ...GLOBAL, dryRun: true }));
  expect(rowsOf(again.report, 'disowned')).toBeUndefined();
});
