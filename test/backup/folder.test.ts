import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { listBackups } from '../../src/backup/list-backups.ts';
import { preflightBackup } from '../../src/backup/preflight-backup.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testSettings } from '../support/test-settings.ts';
import { backUp, putBack, v060Database } from './backup-context.ts';

let database: TestDatabase;
let directory: string;

beforeAll(async () => {
  database = await v060Database('sqlite');
});

beforeEach(() => {
  directory = temporaryFolder();
});

afterAll(async () => {
  await database.drop();
});

/** Higher than any process may have. */
const GONE = 4_194_305;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const manifests = () => readdirSync(directory).filter((name) => name.endsWith('.json'));

test('--keep removes the oldest whole backups of the same database, and nothing else', async () => {
  const other = await createDatabase('sqlite');
  onTestFinished(() => other.drop());
  const others = await backUp(other, { directory, now: at(0) });
  const envFile = join(temporaryFolder(), '.env');
  writeFileSync(envFile, 'DB_MAX_RETRIES=2\n');
  const old = [];
  for (const second of [1, 2, 3]) old.push(await backUp(database, { directory, now: at(second), envFile }));
  writeFileSync(join(directory, 'mcpgw-mcp-20200101t000000Z-0.6.0.db'), 'nobody knows what this is');
  writeFileSync(join(directory, 'notes.json'), '{}');
  const newest = await backUp(database, { directory, now: at(4), keep: 2, envFile });
  expect(newest.removed).toEqual([old[1]?.manifest, old[0]?.manifest]);
  const kept = [others, old[2], newest].flatMap((backup) => [
    backup?.file,
    backup?.manifest,
    backup?.envFile,
  ]);
  expect(readdirSync(directory).toSorted()).toEqual(
    [
      ...kept.filter((path) => typeof path === 'string').map((path) => basename(path)),
      'mcpgw-mcp-20200101t000000Z-0.6.0.db',
      'notes.json',
    ].toSorted(),
  );
});

test('two backups of one second have two names', async () => {
  const names = [await backUp(database, { directory }), await backUp(database, { directory })].map(
    ({ file }) => basename(file),
  );
  expect(names).toEqual(['mcpgw-mcp-20260304t050607Z-0.6.0.db', 'mcpgw-mcp-20260304t050607Z-0.6.0-2.db']);
});

test('the list says what is wrong with each, and takes nothing unfinished for a backup', async () => {
  const whole = await backUp(database, { directory, now: at(1) });
  const short = await backUp(database, { directory, now: at(2) });
  const lost = await backUp(database, { directory, now: at(3) });
  const half = await backUp(database, { directory, now: at(4) });
  writeFileSync(short.file, readFileSync(short.file).subarray(0, 100));
  rmSync(lost.file);
  writeFileSync(half.manifest, readFileSync(half.manifest, 'utf8').slice(0, 50));
  const part = join(directory, 'mcpgw-mcp-20260101t000009Z-0.6.0.db.part');
  writeFileSync(part, 'begun');
  const listed = listBackups(directory, at(60)).map(({ path, manifest, problem }) => [
    path,
    manifest !== null,
    problem,
  ]);
  expect(listed).toEqual([
    [lost.manifest, true, expect.stringContaining('is missing')],
    [short.manifest, true, expect.stringMatching(/has 100 bytes, not \d+/)],
    [whole.manifest, true, ''],
    [half.manifest, false, expect.stringContaining('cut short')],
    [half.file, false, expect.stringContaining('without a manifest')],
    [part, false, expect.stringContaining('unfinished')],
  ]);
  await expect(putBack(database, { directory, name: part })).rejects.toMatchObject({ code: 'FAILED' });
});

describe('what an unfinished backup left', () => {
  /** The files of a backup that was cut short, as its writer says who it is. */
  const leave = (second: number, writer: { host: string; pid: number }, source: object) => {
    const stem = join(directory, `mcpgw-mcp-20260101t00000${second}z-0.6.0`);
    const files = [`${stem}.part`, `${stem}.db.part`, `${stem}.db.part-journal`];
    for (const file of files) writeFileSync(file, JSON.stringify({ writer, source }));
    return files.map((file) => basename(file));
  };

  test('goes with the next backup of the same database, once nobody can be at work on it', async () => {
    const first = await backUp(database, { directory, now: at(1) });
    const { source } = JSON.parse(readFileSync(first.manifest, 'utf8'));
    const here = hostname();
    leave(2, { host: here, pid: GONE }, source);
    leave(3, { host: 'elsewhere', pid: 1 }, source);
    const days = new Date(Date.now() - 2 * 86_400_000);
    for (const name of readdirSync(directory).filter((each) => each.includes('t000003z'))) {
      utimesSync(join(directory, name), days, days);
    }
    const kept = [
      ...leave(4, { host: here, pid: process.ppid }, source),
      ...leave(5, { host: 'elsewhere', pid: GONE }, source),
      ...leave(6, { host: here, pid: GONE }, { ...source, url: 'sqlite:////somewhere/else.db' }),
    ];
    const listed = listBackups(directory, new Date()).map(({ problem }) => problem);
    expect(listed.toSorted()).toEqual(
      [
        '',
        `cut short: process ${GONE} on ${here} is gone; the next backup removes it`,
        `cut short: process ${GONE} on ${here} is gone; the next backup removes it`,
        'cut short: process 1 on elsewhere is gone; the next backup removes it',
        `unfinished: process ${GONE} on elsewhere is making it`,
        `unfinished: process ${process.ppid} on ${here} is making it`,
      ].toSorted(),
    );
    const second = await backUp(database, { directory, now: new Date() });
    const whole = [first, second].flatMap(({ file, manifest }) => [basename(file), basename(manifest)]);
    expect(readdirSync(directory).toSorted()).toEqual([...kept, ...whole].toSorted());
  });

  test('is all that goes: a backup that was killed when it was whole stays', async () => {
    const made = await backUp(database, { directory, now: at(1) });
    const { source } = JSON.parse(readFileSync(made.manifest, 'utf8'));
    writeFileSync(
      made.manifest.replace(/json$/, 'part'),
      JSON.stringify({ writer: { host: hostname(), pid: GONE }, source }),
    );
    const next = await backUp(database, { directory, now: at(2) });
    const whole = [made, next].flatMap(({ file, manifest }) => [basename(file), basename(manifest)]);
    expect(readdirSync(directory).toSorted()).toEqual(whole.toSorted());
  });
});

test('a manifest that leads out of its folder is none', async () => {
  const made = await backUp(database, { directory });
  const text = readFileSync(made.manifest, 'utf8');
  for (const file of ['../mcp.db', '/etc/passwd', '..']) {
    writeFileSync(made.manifest, text.replace(basename(made.file), file));
    await expect(putBack(database, { directory, name: made.manifest })).rejects.toMatchObject({
      code: 'FAILED',
    });
  }
});

const tmpfs = (folder: string, size: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0;

const canMount = (() => {
  const folder = `/tmp/mcpgw-mount-${process.pid}`;
  mkdirSync(folder);
  const mounted = process.getuid?.() === 0 && tmpfs(folder, '64k');
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
})();

test.skipIf(!canMount)(
  'a full disk is refused before, and cleaned up after (needs to mount a tmpfs)',
  async () => {
    const small = join(directory, 'small');
    mkdirSync(small);
    expect(tmpfs(small, '128k')).toBe(true);
    onTestFinished(() => void spawnSync('umount', [small]));
    const { target } = testSettings(database.url);
    const preflight = connect(database, (db) =>
      preflightBackup({
        db,
        target,
        env: {},
        cwd: directory,
        directory: small,
        progress: noProgress,
        signal: new AbortController().signal,
      }),
    );
    await expect(preflight).rejects.toMatchObject({
      code: 'DISK_FULL',
      hint: expect.stringContaining('--backup-dir'),
    });

    // Enough at first, and then somebody else fills it.
    spawnSync('mount', ['-o', 'remount,size=1m', small]);
    const start = (title: string) => {
      if (title.startsWith('Backing up')) writeFileSync(join(small, 'somebody-elses'), Buffer.alloc(950_000));
    };
    const backup = backUp(database, { directory: small, progress: { ...noProgress, start } });
    await expect(backup).rejects.toMatchObject({
      code: 'DISK_FULL',
      exitCode: 2,
      message: expect.stringContaining('the unfinished backup was removed'),
    });
    expect(readdirSync(small)).toEqual(['somebody-elses']);
    expect(manifests()).toEqual([]);
  },
);
