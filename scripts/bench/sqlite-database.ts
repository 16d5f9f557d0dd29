import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFile, sqliteVersion } from '../../src/database/sqlite/driver.ts';
import { findProgram } from '../servers/find-program.ts';
import type { BenchDatabase } from './bench-database.ts';

/** @throws Error when there is no `sqlite3` */
export function sqliteDatabase(folder: string): BenchDatabase {
  const program = findProgram('sqlite3');
  if (program === undefined) throw new Error('sqlite3 is not installed: apt-get install sqlite3');
  const path = (name: string) => join(folder, `${name}.db`);
  const drop = async (name: string) => {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(path(name) + suffix, { force: true });
  };
  return {
    title: `SQLite ${sqliteVersion()}`,
    client: `sqlite3 ${execFileSync(program, ['--version'], { encoding: 'utf8' }).split(' ')[0]}`,
    url: (name) => `sqlite:///${path(name)}`,
    native: (name, script) => ({ program, args: ['-batch', '-bail', path(name)], input: script }),
    create: drop,
    async copy(from, to) {
      await drop(to);
      copyFileSync(path(from), path(to));
      const file = openSync(path(to), 'r+');
      fsyncSync(file);
      closeSync(file);
    },
    async run(name, sql) {
      const file = openFile(path(name));
      file.exec(sql);
      file.close();
    },
    drop,
  };
}
