import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { ADMIN, ADMIN_PASSWORD, migratedDatabase } from '../support/migrated-database.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bodyOf } from './support.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');

/** The commands of a task, as the page has them. */
function commandsOf(task: string): string[][] {
  const [, block = ''] = new RegExp(`<!-- task: ${task} -->\n\`\`\`sh\n([\\s\\S]*?)\`\`\``).exec(PAGE) ?? [];
  const words = (line: string) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return block
    .trim()
    .split('\n')
    .map((line) => words(line).slice(1));
}

/** Settings of a gateway, in a file. */
function settings(folder: string, name: string, { url }: TestDatabase, secret: string): void {
  const lines = {
    DATABASE_URL: url,
    PLATFORM_ADMIN_EMAIL: ADMIN,
    PLATFORM_ADMIN_PASSWORD: ADMIN_PASSWORD,
    PLATFORM_ADMIN_FULL_NAME: 'Dana Corp',
    AUTH_ENCRYPTION_SECRET: secret,
  };
  writeFileSync(
    join(folder, name),
    Object.entries(lines)
      .map(([key, value]) => `${key}='${value}'\n`)
      .join(''),
    {
      mode: 0o600,
    },
  );
}

/** Of the environment nothing counts: it is in the files. */
const FROM_FILES = {
  PLATFORM_ADMIN_EMAIL: undefined,
  PLATFORM_ADMIN_PASSWORD: undefined,
  PLATFORM_ADMIN_FULL_NAME: undefined,
};

async function run(task: string, folder: string): Promise<string[]> {
  const outputs: string[] = [];
  for (const words of commandsOf(task)) {
    const { exitCode, stdout, stderr } = await runInProcess(words, { cwd: folder, env: FROM_FILES });
    expect(exitCode, `${words.join(' ')}:\n${stdout}${stderr}`).toBe(0);
    outputs.push(stdout + stderr);
  }
  return outputs;
}

const made = async (id: TestDatabase['id']) => {
  const database = await createDatabase(id);
  onTestFinished(() => database.drop());
  return database;
};

describeEachDatabase('what the page of the configuration says', ({ id }) => {
  it('moves a gateway from SQLite to it', async () => {
    const folder = temporaryFolder();
    const { database: old } = await migratedDatabase('sqlite');
    const fresh = await made(id);
    settings(folder, 'old.env', old, 'one-secret');
    settings(folder, 'new.env', fresh, 'one-secret');
    expect(commandsOf('move')).toHaveLength(4);
    await run('move', folder);
    const bodies = [];
    for (const env of ['old.env', 'new.env']) {
      const { stdout } = await runInProcess(['export', '--env-file', env], { cwd: folder, env: FROM_FILES });
      bodies.push(bodyOf(stdout));
    }
    expect(bodies[1]).toBe(bodies[0]);
    await run('keep', folder);
    expect(bodyOf(readFileSync(join(folder, 'gateway.json'), 'utf8'))).toBe(bodies[0]);
  });

  it('copies three servers, with what they need', async () => {
    const folder = temporaryFolder();
    const { database: staging } = await migratedDatabase('sqlite', async (database) => {
      await database.query("UPDATE servers SET name = 'Weather' WHERE id = 'server-1'");
      for (const name of ['Search', 'Tickets', 'Other']) {
        await database.query(
          `INSERT INTO servers (id, name, created_at, updated_at, is_active, tags, version, visibility) VALUES ('${name}', '${name}', '2025-01-01', '2025-01-01', 1, '[]', 1, 'public')`,
        );
      }
    });
    const production = await made(id);
    settings(folder, 'staging.env', staging, 'of-staging');
    settings(folder, 'production.env', production, 'of-production');
    writeFileSync(join(folder, 'production.secret'), 'of-production\n');
    await runInProcess(['migrate', '--yes', '--env-file', 'production.env'], {
      cwd: folder,
      env: FROM_FILES,
    });
    const [, dry] = await run('copy', folder);
    expect(dry).toMatch(/server Tickets/);
    const names = async (table: string) =>
      (await production.query(`SELECT name FROM ${table} ORDER BY name`)).split('\n');
    expect(await names('servers')).toEqual(['Search', 'Tickets', 'Weather']);
    expect(await names('tools')).toEqual(['tool-1', 'tool-2']);
    expect(await names('gateways')).toEqual(['Gateway 1']);
    expect(await names('resources')).toEqual(['Resource 1']);
  });
});
