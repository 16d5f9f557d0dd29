import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { TestDialect } from './database-kinds.ts';
import type { NativeClient } from './native-client.ts';
import { runSql } from './run-sql.ts';

/** Runs a file of SQL. @throws Error with the first error of the database */
export async function loadSql(
  dialect: TestDialect,
  url: string,
  client: NativeClient | undefined,
  sqlFile: string,
): Promise<void> {
  if (client === undefined) await runSql(dialect, url, readFileSync(sqlFile, 'utf8'));
  else await feed(client, sqlFile);
}

async function feed(client: NativeClient, sqlFile: string): Promise<void> {
  const child = spawn(client.program, client.args, {
    env: { ...process.env, ...client.env },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A client that stops at an error closes its stdin: its own message says more than EPIPE.
  await Promise.all([pipeline(createReadStream(sqlFile), child.stdin).catch(() => undefined), ended]);
  const code = await ended;
  if (code !== 0)
    throw new Error(`${client.program} could not load ${sqlFile} (exit ${code}): ${errors.trim()}`);
}
