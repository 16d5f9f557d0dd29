import { setTimeout as sleep } from 'node:timers/promises';
import SQLite from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { writeLockHolder } from '../../src/database/sqlite/processes.ts';
import type { TestDatabase } from '../support/databases.ts';
import type { CliOptions } from '../support/spawn-cli.ts';
import { startingDatabase } from './at-once.ts';

export const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

export const at = (database: TestDatabase): CliOptions => ({ env: { DATABASE_URL: database.url } });

export async function database(id: TestDatabase['id'], start: 'empty' | 'v0.6.0'): Promise<TestDatabase> {
  const made = await startingDatabase(id, start);
  onTestFinished(() => made.drop());
  return made;
}

/** Waits until something is so; the time-out of the test ends it otherwise. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(50);
}

/** A transaction that reads `tools` and stays open: a migration that has begun cannot get past it. */
export async function openRead({ dialect, url, name }: TestDatabase): Promise<() => Promise<void>> {
  if (dialect === 'sqlite') {
    const file = new SQLite(name);
    file.exec('BEGIN');
    file.prepare('SELECT count(*) FROM tools').get();
    return async () => void file.close();
  }
  if (dialect === 'postgresql') {
    const client = new pg.Client({ connectionString: url, application_name: 'monthly report' });
    await client.connect();
    await client.query('BEGIN; SELECT count(*) FROM tools');
    return () => client.end();
  }
  const connection = await createConnection(url);
  await connection.query('START TRANSACTION');
  await connection.query('SELECT count(*) FROM tools');
  return () => connection.end();
}

/** A session of a server that lets nobody else even read a table, until what it gives is called. */
export async function lockTable({ dialect, url }: TestDatabase, table: string): Promise<() => Promise<void>> {
  if (dialect === 'postgresql') {
    const client = new pg.Client({ connectionString: url, application_name: 'monthly report' });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    return () => client.end();
  }
  const connection = await createConnection(url);
  await connection.query(`LOCK TABLES ${table} WRITE`);
  return () => connection.end();
}

/** Whether the run holds its lock and waits for whoever reads `tools`. */
export const IS_STUCK: Readonly<
  Record<TestDatabase['dialect'], (database: TestDatabase, pid: number) => Promise<boolean>>
> = {
  sqlite: async ({ name }, pid) => writeLockHolder(name)?.text.includes(`pid ${pid} `) ?? false,
  postgresql: async (database) =>
    (await database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")) === '1' &&
    (await database.query('SELECT count(*) FROM pg_locks WHERE NOT granted')) !== '0',
  mysql: async (database) => {
    // Reads of information_schema show that state, too, for a moment, and long before the run has its lock.
    const waits = database.query(
      "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = database() AND STATE LIKE 'Waiting for table metadata lock' AND (INFO LIKE 'ALTER TABLE%' OR INFO LIKE 'LOCK TABLES%')",
    );
    // MySQL cannot list any connection while one of them runs a statement with characters beyond utf8mb3.
    return (await waits.catch(() => '0')) !== '0';
  },
};

/** On one line, however it was wrapped. */
export const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
