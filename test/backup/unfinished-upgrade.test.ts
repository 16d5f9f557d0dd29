import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listBackups } from '../../src/backup/list-backups.ts';
import { backup } from '../../src/commands/backup.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { REVISION } from '../../src/migrate/state.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { DATABASES, type DatabaseId } from '../support/database-kinds.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { backUp, v060Database } from './backup-context.ts';
import { clientIsOlder } from './client-is-older.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;

/** A folder of backups for a database that is then left as if an upgrade of it had been killed. */
async function midway(id: DatabaseId, { cleanBackups = 1 } = {}) {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  const cwd = temporaryFolder();
  const run = commandRuns(database, cwd);
  const take = (keep?: number) =>
    run((io) => backup(io, { ...GLOBAL, ...(keep === undefined ? {} : { keep }) }));
  for (let n = 0; n < cleanBackups; n++) await take();
  const place = join(cwd, 'kept');
  const manifests = () => readdirSync(place).filter((name) => name.endsWith('.json'));
  const clean = cleanBackups === 0 ? [] : manifests();
  await database.query(`UPDATE alembic_version SET version_num = '${REVISION.displayName}'`);
  return { database, run, take, place, manifests, clean };
}

for (const kind of DATABASES) {
  describe.skipIf(!kind.available || clientIsOlder(kind))(`an upgrade that was killed [${kind.id}]`, () => {
    test('leads back to before it began, whatever --keep says', async () => {
      const { database, run, take, place, manifests, clean } = await midway(kind.id);
      const before = join(place, clean[0] ?? '');
      const again = await run((io) => migrate(io, { ...GLOBAL, yes: true, keep: 1 }));
      expect(again.report).toMatchObject({ exitCode: 0, status: 'ok' });
      const [half, ...more] = manifests().filter((name) => !clean.includes(name));
      expect([half, more]).toEqual([expect.stringMatching(/-0\.6\.0-unfinished\.json$/), []]);
      expect(manifests()).toContain(clean[0]);
      expect(rowsOf(again.report, 'backup')).toEqual(
        expect.arrayContaining([
          ['state', expect.stringContaining('unfinished')],
          ['to go back', `mcpgw restore ${before}`],
          ['to when', expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC, v0\.6\.0, before the upgrade$/)],
          ['to this state', `mcpgw restore ${join(place, half ?? '')}`],
        ]),
      );
      const listed = await run((io) => backup(io, { ...GLOBAL, list: true }));
      expect(rowsOf(listed.report, 'backups')?.map((row) => [row[0], row[3]])).toEqual(
        expect.arrayContaining([
          [half, '0.6.0, unfinished upgrade'],
          [clean[0], '0.6.0'],
        ]),
      );

      // At v0.7.0 the one from before stays beside the newest; back at v0.6.0 a new one takes its place.
      const later = await take(1);
      expect(rowsOf(later.report, 'backup')).toContainEqual(['removed', join(place, half ?? '')]);
      expect(manifests()).toHaveLength(2);
      expect(manifests()).toContain(clean[0]);
      const confirm = database.url.startsWith('sqlite') ? 'mcp' : database.name;
      const back = await run((io) => restore(io, { ...GLOBAL, from: before, confirm, backup: false }));
      expect(back.report).toMatchObject({ exitCode: 0, database: { release: '0.6.0' } });
      await take(1);
      expect(manifests()).toEqual([expect.stringMatching(/-0\.6\.0(-2)?\.json$/)]);
      expect(manifests()).not.toEqual(clean);
    });

    test('is told when no backup from before it is there', async () => {
      const { run, place, manifests } = await midway(kind.id, { cleanBackups: 0 });
      const { report } = await run((io) => backup(io, GLOBAL));
      const [half] = manifests();
      const rows = rowsOf(report, 'backup');
      expect(rows).toContainEqual(['before the upgrade', `no whole backup in ${place}`]);
      expect(rows).toContainEqual(['to this state', `mcpgw restore ${join(place, half ?? '')}`]);
      expect(rows?.map(([what]) => what)).not.toContain('to go back');
    });
  });
}

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

test('of several from before the upgrade the newest whole one is the way back, and the others go', async () => {
  const database = await v060Database('sqlite');
  onTestFinished(() => database.drop());
  const directory = temporaryFolder();
  const clean = [];
  for (const second of [1, 2, 3]) clean.push(await backUp(database, { directory, now: at(second) }));
  const [oldest, newestWhole, damaged] = clean;
  writeFileSync(damaged?.file ?? '', 'cut short');
  await database.query('CREATE TABLE mcpgw_migration (id integer)');
  const half = await backUp(database, { directory, now: at(4), keep: 1 });
  expect(half.beforeUpgrade?.path).toBe(newestWhole?.manifest);
  expect(half.removed).toEqual([oldest?.manifest]);
  const second = await backUp(database, { directory, now: at(5), keep: 1 });
  expect(second.removed).toEqual([half.manifest]);
  const whole = listBackups(directory, at(9)).filter(({ problem }) => problem === '');
  expect(whole.map(({ path }) => path)).toEqual([second.manifest, newestWhole?.manifest]);
});

test('a manifest from before there was such a mark is read as finished', async () => {
  const database = await v060Database('sqlite');
  onTestFinished(() => database.drop());
  const directory = temporaryFolder();
  const old = await backUp(database, { directory, now: at(1) });
  const { unfinished, ...early } = JSON.parse(readFileSync(old.manifest, 'utf8'));
  expect(unfinished).toBe(false);
  writeFileSync(old.manifest, JSON.stringify(early));
  expect(listBackups(directory, at(2))).toMatchObject([{ problem: '', manifest: { unfinished: false } }]);
  await database.query('CREATE TABLE mcpgw_migration (id integer)');
  expect((await backUp(database, { directory, now: at(2) })).beforeUpgrade?.path).toBe(old.manifest);
});
