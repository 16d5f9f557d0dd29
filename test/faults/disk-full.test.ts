import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { createDatabase } from '../support/databases.ts';
import { fileFingerprint } from '../support/fingerprint.ts';
import { smallDisk } from '../support/small-disk.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { SAMPLE } from './at-once.ts';
import { oneLine } from './lock-support.ts';

/** A v0.6.0 file of a few hundred KiB, in a folder of its own. */
async function sampleFile(): Promise<string> {
  const database = await createDatabase('sqlite');
  try {
    await createSample(database.url, { ...SAMPLE, tools: 400, metrics: 4_000 });
    const file = join(temporaryFolder(), 'mcp.db');
    copyFileSync(database.name, file);
    return file;
  } finally {
    await database.drop();
  }
}

/** The rows of the largest tables, and whether the file is whole. */
function look(file: string): unknown {
  const database = new SQLite(file);
  try {
    const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get();
    return {
      integrity: database.pragma('integrity_check', { simple: true }),
      revision: database.prepare('SELECT version_num FROM alembic_version').get(),
      rows: ['tools', 'tool_metrics', 'servers'].map(count),
      tables: database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all(),
    };
  } finally {
    database.close();
  }
}

const at = (file: string) => ({ env: { DATABASE_URL: `sqlite:///${file}` } });

describe('a full disk [sqlite]', () => {
  for (const mode of ['DELETE', 'WAL']) {
    test(`during the transaction, in journal mode ${mode}`, async (context) => {
      const source = await sampleFile();
      const prepare = new SQLite(source);
      prepare.pragma(`journal_mode = ${mode}`);
      prepare.close();
      const kib = Math.ceil(statSync(source).size / 1024);
      let full = 0;
      // From no room at all to nearly enough.
      for (const spare of [16, 64, 200, 400]) {
        const disk = smallDisk(kib + spare);
        if (disk === undefined) return context.skip('this user may not mount a file system');
        const file = join(disk, 'mcp.db');
        copyFileSync(source, file);
        const before = look(source);
        const run = await spawnCli(['migrate', '--no-backup'], at(file));
        const where = `${spare} KiB: ${oneLine(run.stdout + run.stderr)}`;
        if (run.exitCode === 0) continue;
        full++;
        expect([where, run.exitCode, run.stdout]).toEqual([where, 2, '']);
        expect(oneLine(run.stderr)).toMatch(/disk .*is full|cannot be read or written/);
        expect(oneLine(run.stderr)).toMatch(/Nothing was changed|taken back/);
        // A WAL needs room even to be read.
        const elsewhere = temporaryFolder();
        for (const name of readdirSync(disk)) copyFileSync(join(disk, name), join(elsewhere, name));
        const roomy = join(elsewhere, 'mcp.db');
        expect([where, look(roomy)]).toEqual([where, before]);
        expect((await spawnCli(['migrate', '--no-backup'], at(roomy))).exitCode).toBe(0);
      }
      expect(full).toBeGreaterThan(1);
    });
  }

  test('where the backup goes: refused before the first write, or its half removed', async (context) => {
    const file = await sampleFile();
    const before = fileFingerprint(file);
    const kib = Math.ceil(statSync(file).size / 1024);
    for (const size of [8, Math.round(kib / 2), kib - 8]) {
      const disk = smallDisk(size);
      if (disk === undefined) return context.skip('this user may not mount a file system');
      const place = join(disk, 'backups');
      const run = await spawnCli(['migrate', '--backup-dir', place], at(file));
      const where = `${size} KiB: ${oneLine(run.stdout + run.stderr)}`;
      expect([where, run.exitCode, run.stdout]).toEqual([where, 2, '']);
      expect(where).toMatch(/free|full|room/i);
      expect(where).toContain('Nothing was changed');
      expect(existsSync(place) ? readdirSync(place) : []).toEqual([]);
      expect(fileFingerprint(file)).toEqual(before);
    }
  });

  test('that fills up while the backup is written', async (context) => {
    const file = await sampleFile();
    const before = fileFingerprint(file);
    const size = statSync(file).size;
    const disk = smallDisk(Math.ceil((size * 3) / 1024));
    if (disk === undefined) return context.skip('this user may not mount a file system');
    // Looks are taken at the free space before; what somebody writes after that, nobody knows.
    const hook = join(temporaryFolder(), 'fill.mjs');
    writeFileSync(
      hook,
      `import fs from 'node:fs';
       import { syncBuiltinESMExports } from 'node:module';
       const open = fs.openSync;
       fs.openSync = (path, ...rest) => {
         const handle = open(path, ...rest);
         if (String(path).endsWith('.db.part')) {
           const other = open(${JSON.stringify(join(disk, 'other'))}, 'w');
           try { for (;;) fs.writeSync(other, Buffer.alloc(4096)); } catch {}
           fs.ftruncateSync(other, fs.fstatSync(other).size - 65536);
         }
         return handle;
       };
       syncBuiltinESMExports();`,
    );
    const place = join(disk, 'backups');
    const run = await spawnCli(['migrate', '--backup-dir', place], {
      env: { ...at(file).env, NODE_OPTIONS: `--import=${hook}` },
    });
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(oneLine(run.stderr)).toContain('is full; the unfinished backup was removed');
    expect(existsSync(place) ? readdirSync(place) : []).toEqual([]);
    expect(fileFingerprint(file)).toEqual(before);
  });
});
