import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { firstBytes } from '../../src/salvage/first-bytes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('firstBytes', () => {
  it.runIf(process.platform === 'linux')('keeps the locks this process has on the file', () => {
    const path = join(temporaryFolder(), 'mcp.db');
    const db = new SQLite(path);
    db.exec('CREATE TABLE t (x)');
    db.exec('BEGIN IMMEDIATE');
    const locks = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${process.pid} `));
    expect(locks.length).toBeGreaterThan(0);
    expect(firstBytes(path, 6).toString()).toBe('SQLite');
    const after = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${process.pid} `));
    expect(after.length).toBe(locks.length);
    db.close();
  });

  it('reads the file that took the place of another', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a');
    writeFileSync(path, 'first');
    expect(firstBytes(path, 5).toString()).toBe('first');
    writeFileSync(join(folder, 'b'), 'other');
    renameSync(join(folder, 'b'), path);
    expect(firstBytes(path, 5).toString()).toBe('other');
  });

  it('gives what there is of a short file', () => {
    const path = join(temporaryFolder(), 'a');
    writeFileSync(path, 'abc');
    expect(firstBytes(path, 100).toString()).toBe('abc');
  });
});
