import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { openFile } from '../src/database/sqlite/driver.ts';
import { GatewayError } from '../src/errors.ts';
import { REVISION } from '../src/migrate/state.ts';
import { HISTORY_TABLE, VERSION_TABLE } from '../src/schema/gateway-tables.ts';
import { loadSettings } from '../src/settings/load.ts';
import { BUILT_PROGRAM, buildMcpgw } from './build.ts';
import { createSample } from './sample/create-sample.ts';
import { SMALL_SAMPLE } from './sample/sample-size.ts';

/** npm runs scripts in the project's folder; this is where it was called from. */
const folder = process.env.INIT_CWD ?? process.cwd();
const file = join(folder, 'mcp.db');
const url = `sqlite:///${file}`;

/** Runs the built program on `mcp.db` and returns its exit code; a signal counts as 1. */
function mcpgw(args: readonly string[], credentials: Readonly<Record<string, string>> = {}): Promise<number> {
  console.log(`\n$ mcpgw ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--', BUILT_PROGRAM, ...args, '--database-url', url], {
      cwd: folder,
      env: { ...process.env, ...credentials },
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Which of the administrator's email and password nobody has set, in the environment or in `.env`. */
function unsetCredentials(): string[] {
  const { sources } = loadSettings({
    flags: { databaseUrl: url },
    env: process.env,
    cwd: folder,
    credentials: 'optional',
    allowDefaultCredentials: false,
  });
  const names = ['PLATFORM_ADMIN_EMAIL', 'PLATFORM_ADMIN_PASSWORD'] as const;
  return names.filter((name) => sources.get(name)?.source === 'default');
}

/** Whether this program has brought the database to v0.7.0 before, so that nobody needs to be made. */
function isMigrated(): boolean {
  const database = openFile(file, { readonly: true });
  try {
    const tables = database.prepare<[string], { name: string }>(
      'SELECT name FROM sqlite_schema WHERE name = ?',
    );
    if (tables.get(HISTORY_TABLE) === undefined || tables.get(VERSION_TABLE) === undefined) return false;
    const rows = database.prepare<[], { v: string }>(`SELECT version_num AS v FROM ${VERSION_TABLE}`).all();
    return rows.length === 1 && rows[0]?.v === REVISION.v070;
  } catch {
    // What is wrong with the file, the program itself says best.
    return false;
  } finally {
    database.close();
  }
}

const LETTERS = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnopqrstuvwxyz', '23456789', '!@#%*?'] as const;

/** 24 characters of four kinds, which every policy the settings can ask for accepts. */
function randomPassword(): string {
  return Array.from({ length: 24 }, (_, i) => {
    const kind = LETTERS[i % LETTERS.length] ?? LETTERS[0];
    return kind[randomInt(kind.length)];
  }).join('');
}

async function migrateOwn(): Promise<number> {
  console.log(`Using ${relative(process.cwd(), file) || file}, which is there already.`);
  if (isMigrated()) {
    console.log('It is at v0.7.0 already: nothing to migrate.');
    return mcpgw(['verify']);
  }
  const unset = unsetCredentials();
  if (unset.length > 0) {
    console.error(
      `${unset.join(' and ')} ${unset.length === 1 ? 'is' : 'are'} not set: they become the login of the administrator.\n` +
        'Put them into .env (.env.example explains them) or into the environment, and run this again.\n' +
        'Nothing was changed.',
    );
    return 2;
  }
  const code = await mcpgw(['migrate', '--yes']);
  return code === 0 ? mcpgw(['verify']) : code;
}

async function migrateSample(): Promise<number> {
  const unset = unsetCredentials();
  const rows = await createSample(url, SMALL_SAMPLE);
  console.log(`There is no mcp.db in ${folder}: made one of v0.6.0 with ${rows} rows, to try this with.`);
  const made: Record<string, string> = {};
  if (unset.includes('PLATFORM_ADMIN_EMAIL')) made.PLATFORM_ADMIN_EMAIL = 'admin@sample.example.com';
  if (unset.includes('PLATFORM_ADMIN_PASSWORD')) made.PLATFORM_ADMIN_PASSWORD = randomPassword();
  const code = await mcpgw(['migrate', '--yes'], made);
  if (code !== 0) {
    // It was ours, and a second try is to begin as this one did.
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
    return code;
  }
  const verified = await mcpgw(['verify'], made);
  const login = made.PLATFORM_ADMIN_EMAIL ?? 'PLATFORM_ADMIN_EMAIL';
  if (made.PLATFORM_ADMIN_PASSWORD !== undefined) {
    console.log(`\nLogin of this sample, shown once: ${login}  ${made.PLATFORM_ADMIN_PASSWORD}`);
  }
  return verified;
}

try {
  await buildMcpgw();
  process.exitCode = existsSync(file) ? await migrateOwn() : await migrateSample();
} catch (error) {
  if (!(error instanceof GatewayError)) throw error;
  console.error([error.message, ...error.details.map((detail) => `  ${detail}`), error.hint].join('\n'));
  process.exitCode = 2;
}
