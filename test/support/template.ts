import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from './connect.ts';
import { createV060 } from './create-v060.ts';
import { adminUrl, type DatabaseId } from './database-kinds.ts';
import { createDatabase, type Template, type TestDatabase } from './databases.ts';
import { runSql } from './run-sql.ts';

/** How a template is made, in an empty database. */
type Make = (database: TestDatabase) => Promise<unknown>;

const known = new Map<string, Promise<Template>>();

/**
 * A database with what `make` puts into an empty one. It is made once in a run, by whichever test file comes
 * first, and copied for everybody.
 *
 * @param name tells it from the others of this server
 */
export async function copyOf(id: DatabaseId, name: string, make: Make): Promise<TestDatabase> {
  // A test may have a server of its own.
  const key = `${id}-${adminUrl(id)?.port ?? ''}-${name}`;
  const template = known.get(key) ?? madeOnce(key, id, make);
  known.set(key, template);
  return createDatabase(id, await template);
}

/** A small database as v0.6.0 left it. */
export const v060Database = (id: DatabaseId) =>
  copyOf(id, 'v060', (database) => connect(database, (db) => createV060(db)));

const folderOfRun = () => join(tmpdir(), `mcpgw-run-${process.env.TEST_RUN}`);

/** Makes it, or waits until the process that was here first has made it. */
async function madeOnce(key: string, id: DatabaseId, make: Make): Promise<Template> {
  const folder = join(folderOfRun(), key);
  const [ready, failed] = [join(folder, 'ready'), join(folder, 'failed')];
  try {
    mkdirSync(folder);
  } catch {
    while (!existsSync(ready)) {
      if (existsSync(failed)) throw new Error(readFileSync(failed, 'utf8'));
      await sleep(20);
    }
    return JSON.parse(readFileSync(ready, 'utf8')) as Template;
  }
  try {
    const database = await createDatabase(id);
    await make(database);
    const template = await templateOf(database, folder);
    writeFileSync(`${ready}.new`, JSON.stringify(template));
    renameSync(`${ready}.new`, ready);
    return template;
  } catch (error) {
    writeFileSync(failed, String(error));
    throw error;
  }
}

async function templateOf(database: TestDatabase, folder: string): Promise<Template> {
  const { dialect, url, name, query } = database;
  if (dialect === 'postgresql') return { dialect, url, name, script: '' };
  if (dialect === 'sqlite') {
    const file = join(folder, 'template.db');
    copyFileSync(name, file);
    await database.drop();
    return { dialect, url, name: file, script: '' };
  }
  const tables = (await query('SHOW TABLES')).split('\n').filter((table) => table !== '');
  const script = ['SET foreign_key_checks = 0'];
  for (const table of tables) {
    const [, ...createTable] = (await query(`SHOW CREATE TABLE \`${table}\``)).split('\t');
    script.push(createTable.join('\t'));
  }
  for (const table of tables) {
    const isEmpty = (await query(`SELECT 1 FROM \`${table}\` LIMIT 1`)) === '';
    if (!isEmpty) script.push(`INSERT INTO \`${table}\` SELECT * FROM \`${name}\`.\`${table}\``);
  }
  return { dialect, url, name, script: script.join(';\n') };
}

/** Ends what a run has made. A server that a test had for itself is gone with all it held. */
export async function dropTemplates(): Promise<void> {
  for (const key of readdirSync(folderOfRun())) {
    const ready = join(folderOfRun(), key, 'ready');
    if (!existsSync(ready)) continue;
    const { dialect, url, name } = JSON.parse(readFileSync(ready, 'utf8')) as Template;
    if (dialect === 'sqlite') continue;
    const admin = new URL(url);
    admin.pathname = dialect === 'postgresql' ? '/postgres' : '/mysql';
    await runSql(dialect, admin.href, `DROP DATABASE ${name}`).catch(() => {});
  }
}
