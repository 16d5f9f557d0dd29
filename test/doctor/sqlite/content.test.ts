import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { judgeContent } from '../../../src/salvage/index.ts';
import { askDoctor } from '../../support/doctor.ts';
import { fileFingerprint } from '../../support/fingerprint.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fileProblems } from './file-problems.ts';
import { holdDatabase } from './hold-database.ts';

const at = (path: string) => `sqlite:///${path}`;

describe('file.exists', () => {
  test('a wrong path: says what is there instead, and makes nothing', async () => {
    const file = await sqliteFile('v0.7.0');
    const wrong = join(file.folder, 'mpc.db');
    const answer = await askDoctor(at(wrong));
    expect(answer.of('file.exists')).toMatchObject({
      status: 'failed',
      findings: [`there is no mpc.db in ${file.folder}`],
      command: `mcpgw doctor --database-url sqlite:///${file.name}`,
    });
    expect(existsSync(wrong)).toBe(false);
    expect(answer.of('file.readable').status).toBe('skipped');
    expect(answer.of('database.open').status).toBe('skipped');
  });

  test('a folder, the folder of the file, a dangling link, a loop, a socket, a file as folder', async () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, 'gone.db'), join(folder, 'link.db'));
    symlinkSync(join(folder, 'loop.db'), join(folder, 'loop.db'));
    writeFileSync(join(folder, 'file'), 'x');
    const server = createServer().listen(join(folder, 'socket.db'));
    const cases = [
      [folder, 'is a folder, not a file'],
      [join(folder, 'no/mcp.db'), `neither is the folder ${folder}/no`],
      [join(folder, 'link.db'), `is a symbolic link to ${folder}/gone.db, which is not there`],
      [join(folder, 'loop.db'), 'leads back to itself'],
      [join(folder, 'socket.db'), 'is a socket'],
      [join(folder, 'file/mcp.db'), 'a part of the path is a file'],
    ] as const;
    for (const [path, text] of cases) {
      const { status, findings } = (await askDoctor(at(path))).of('file.exists');
      expect([path, status, findings[0]]).toEqual([path, 'failed', expect.stringContaining(text)]);
    }
    server.close();
  });

  test('a -wal without its database is never to be deleted', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(file.name, 'PRAGMA journal_mode = WAL; DELETE FROM tool_metrics');
    await writer.kill();
    renameSync(file.name, join(file.folder, 'moved'));
    const answer = await askDoctor(file.url);
    const { findings, hint } = answer.of('file.exists');
    expect(findings[1]).toMatch(/^mcp\.db-wal of [\d.]+ KB is left without its database$/);
    expect(hint).toContain('never delete it');
    expect(existsSync(`${file.name}-wal`)).toBe(true);
    renameSync(join(file.folder, 'moved'), file.name);
    expect((await askDoctor(file.url)).of('file.exists').status).toBe('passed');
  });
});

describe('file.sqlite', () => {
  const NO_DATABASES: readonly (readonly [what: string, content: string | Buffer, says: string])[] = [
    ['nothing', '', 'it is empty'],
    ['text', 'PORT=4444\nJWT_SECRET_KEY=do-not-show-me\n', 'it is a text file'],
    ['a dump', '-- SQLite dump\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n', 'a dump, not a database'],
    ['random bytes', randomBytes(40_960), 'it is encrypted'],
    ['gzip', gzipSync(randomBytes(5_000)), 'it is compressed (gzip)'],
    ['zeros', Buffer.alloc(8_192), 'it is full of zeros'],
  ];

  for (const [what, content, says] of NO_DATABASES) {
    test(`${what} in place of a database`, async () => {
      const path = join(temporaryFolder(), 'mcp.db');
      writeFileSync(path, content);
      const before = fileFingerprint(path);
      const answer = await askDoctor(at(path), { repair: true });
      const { status, findings, hint } = answer.of('file.sqlite');
      expect([status, findings[0]]).toEqual(['failed', expect.stringContaining(says)]);
      expect(hint).not.toBe('');
      expect(JSON.stringify(answer.report)).not.toContain('do-not-show-me');
      expect(answer.of('database.open').status).toBe('skipped');
      expect(fileFingerprint(path)).toEqual(before);
    });
  }

  const HEADERS: readonly (readonly [offset: number, bytes: readonly number[], says: string])[] = [
    [0, [0, 0, 0, 0], 'its first bytes are overwritten, but the rest looks like SQLite’s'],
    [16, [3, 0], 'its header has the page size 768, which is none'],
    [18, [7, 7], 'it is of format 7/7'],
    [21, [1, 2, 3], 'its header is overwritten'],
  ];

  for (const [offset, bytes, says] of HEADERS) {
    test(`a header with wrong bytes at ${offset}`, async () => {
      const file = await sqliteFile('v0.7.0');
      overwrite(file.name, offset, bytes);
      const { status, findings } = (await askDoctor(file.url)).of('file.sqlite');
      expect([status, findings[0]]).toEqual(['failed', expect.stringContaining(says)]);
    });
  }

  test('text in other scripts is text, and a page of 64 KiB is one', () => {
    expect(judgeContent(Buffer.from('naïve 数据库\n'.repeat(300)).subarray(0, 4_096))).toMatchObject({
      problem: 'it is a text file',
    });
    const header = Buffer.alloc(100);
    header.write('SQLite format 3\0', 'latin1');
    header.set([0, 1, 2, 2, 0, 64, 32, 32], 16);
    expect(judgeContent(header)).toMatchObject({ pageSize: 65_536, journal: 'wal', pages: null });
  });
});

describe('file.whole', () => {
  test('a file whose end is missing, by pages and by bytes', async () => {
    for (const [lost, says] of [
      [8_192, /2 of \d+ pages are missing/],
      [100, /1 of \d+ pages are missing/],
    ] as const) {
      const file = await sqliteFile('v0.7.0');
      truncateSync(file.name, statSync(file.name).size - lost);
      const before = fileFingerprint(file.name);
      const answer = await askDoctor(file.url);
      expect(answer.of('file.whole')).toMatchObject({
        status: 'failed',
        findings: [expect.stringMatching(says)],
        command: expect.stringContaining('mcpgw'),
      });
      expect(fileProblems(answer)[0]).toBe('file.whole');
      expect(answer.of('database.open').status).toBe('skipped');
      expect(fileFingerprint(file.name)).toEqual(before);
    }
  });

  test('bytes too many are no whole page; pages too many are SQLite’s business', async () => {
    const file = await sqliteFile('v0.7.0');
    const { size } = statSync(file.name);
    truncateSync(file.name, size + 4_096);
    expect((await askDoctor(file.url)).of('file.whole').status).toBe('passed');
    truncateSync(file.name, size + 17);
    expect((await askDoctor(file.url)).of('file.whole').findings[0]).toContain('the last page is cut off');
  });
});

test('file.beside: a folder in the place of the journal', async () => {
  const file = await sqliteFile('v0.7.0');
  mkdirSync(`${file.name}-journal`);
  const { status, findings } = (await askDoctor(file.url)).of('file.beside');
  expect([status, findings]).toEqual(['failed', [`${file.name}-journal is in the way: it is no file`]]);
});

function overwrite(path: string, offset: number, bytes: readonly number[]): void {
  const handle = openSync(path, 'r+');
  writeSync(handle, Buffer.from(bytes), 0, bytes.length, offset);
  closeSync(handle);
}
