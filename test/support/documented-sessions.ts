import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { spawnCli } from './spawn-cli.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A `console` block of the documentation: what is typed behind each `$`, and what is shown of its output. */
export interface Session {
  /** What `<!-- session: … -->` before it says the database is like. */
  readonly database: string;
  readonly commands: readonly ShownCommand[];
}

interface ShownCommand {
  readonly line: string;
  /** Runs of lines as they are printed; between them something was left out (`…`). */
  readonly fragments: readonly string[];
}

/** Where the documentation has its database. */
const SHOWN_FOLDER = '/srv/gateway';
const PAGE_BYTES = 4096;

const SINGLE_SIGN_ON = `AUTH_ENCRYPTION_SECRET=planted-encryption-secret
SSO_ENABLED=true
SSO_GITHUB_ENABLED=true
SSO_GITHUB_CLIENT_ID=Iv1.0123456789abcdef
SSO_GITHUB_CLIENT_SECRET=planted-client-secret
SSO_AUTO_ADMIN_DOMAINS=["example.com"]
`;

/** How the small sample is changed before a session, by the name that the documentation gives it. */
const DATABASES: Readonly<Record<string, (folder: string) => unknown>> = {
  'v0.6.0': () => {},
  'v0.6.0 with single sign-on': (folder) => writeFileSync(join(folder, '.env'), SINGLE_SIGN_ON),
  'v0.7.0': (folder) => run(folder, ['migrate']),
  async 'v0.7.0 with people'(folder) {
    await run(folder, ['migrate']);
    writeFileSync(join(folder, 'carol.password'), 'a-password-of-carol\n');
    for (const name of ['alice', 'bob']) {
      const email = `${name}@example.com`;
      await run(folder, ['user', 'create', email, '--password-file', 'carol.password', '--yes']);
    }
  },
  async 'v0.7.0 with an engineering team'(folder) {
    await DATABASES['v0.7.0 with people']?.(folder);
    await run(folder, ['team', 'create', 'Engineering', '--owner', 'alice@example.com', '--yes']);
  },
  'readable by all'(folder) {
    chmodSync(join(folder, '..'), 0o755);
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'mcp.db'), 0o644);
  },
  damaged(folder) {
    const file = openSync(join(folder, 'mcp.db'), 'r+');
    for (const page of [40, 41]) writeSync(file, Buffer.alloc(512, 0xff), 0, 512, page * PAGE_BYTES);
    closeSync(file);
  },
};

/** The words of a command line, without their quotes. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

export function sessionsOf(page: string): Session[] {
  return [...page.matchAll(/(?:<!-- session: (.*) -->\n)?```console\n([\s\S]*?)```/g)].map(
    ([, database = 'none named', text = '']) => ({
      database,
      commands: text
        .split(/^\$ /m)
        .slice(1)
        .map((shown) => {
          const [line = '', ...output] = shown.split('\n');
          return { line, fragments: output.join('\n').split(/^ *…$/m) };
        }),
    }),
  );
}

/**
 * Runs a session in a folder of its own.
 *
 * @returns for each command what was shown, and what is printed, both without times, sizes and the like
 */
export async function runSession(session: Session): Promise<{ shown: string[]; printed: string }[]> {
  const folder = join(temporaryFolder(), 'gateway');
  mkdirSync(folder);
  await createSample(`sqlite:///${join(folder, 'mcp.db')}`, SMALL_SAMPLE);
  const prepare = DATABASES[session.database];
  if (prepare === undefined) throw new Error(`There is no database for a session: ${session.database}`);
  await prepare(folder);
  const results: { shown: string[]; printed: string }[] = [];
  for (const { line, fragments } of session.commands) {
    const [, ...args] = wordsOf(line).map((word) => realName(word.replace(SHOWN_FOLDER, folder), folder));
    const { stdout, stderr } = await run(folder, args);
    results.push({
      shown: fragments.map(constant).filter((fragment) => fragment !== ''),
      printed: constant((stderr + stdout).replaceAll(folder, SHOWN_FOLDER)),
    });
  }
  return results;
}

const run = (cwd: string, args: readonly string[]) =>
  spawnCli(args, { cwd, env: { PLATFORM_ADMIN_EMAIL: 'dana@example.com' } });

/** The backup that is there, for one that is named in the same way but for the time. */
function realName(word: string, folder: string): string {
  if (!/^mcpgw-.*\.json$/.test(word)) return word;
  return readdirSync(join(folder, 'mcpgw-backups')).find((name) => constant(name) === constant(word)) ?? word;
}

/** A text without what is another each time: times, sizes, hashes, versions, and where lines end. */
function constant(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/\d[\d.,]* (?:ms|s|KB|MB|bytes)(?![a-z])/g, '#')
    .replaceAll(/\b[\da-f]{64}\b/g, '#')
    .replaceAll(/\d{8}t\d{6}z/gi, '#')
    .replaceAll(/\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::[\d.]+Z)?)?/g, '#')
    .replaceAll(/SQLite [\d.]+/g, 'SQLite #')
    .replaceAll(' ·', '');
}
