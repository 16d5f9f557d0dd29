import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { fileFingerprint } from '../support/fingerprint.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';
import { type Answer, HAS_TERMINAL, onTerminal } from '../support/terminal.ts';

const MIGRATE = /Migrate this database now/;
const REPAIR = /Repair this now/;
const CTRL_C = '\u0003';
/** Of its screen, what sets a colour: ESC is written as one. */
const COLOUR = /ESC\[\d+m/;

const marked = (screen: string) => screen.replaceAll('\u001b', 'ESC');

function run({ url }: SqliteFile, args: string[], answers: Answer[], env = {}) {
  return onTerminal(args, { DATABASE_URL: url, ...env }, answers);
}

async function broken(): Promise<SqliteFile> {
  const file = await sqliteFile('v0.7.0');
  const db = new SQLite(file.name);
  db.exec("DELETE FROM roles WHERE name = 'viewer'");
  db.close();
  return file;
}

/** Needs `script` of util-linux (Debian: bsdutils). */
describe.skipIf(!HAS_TERMINAL)('on a terminal', () => {
  it('migrate shows what it will do, asks, and does it for y', async () => {
    const file = await sqliteFile('v0.6.0');
    const { exitCode, screen } = await run(file, ['migrate'], [[MIGRATE, 'y']]);
    expect(exitCode, screen).toBe(0);
    expect(screen.indexOf('Gives 113 rows an owner')).toBeLessThan(screen.search(MIGRATE));
    expect(screen).toContain('Next: mcpgw verify');
    const again = await run(file, ['migrate'], []);
    expect(again.exitCode).toBe(0);
    expect(again.screen).toContain('Nothing to do');
    expect(again.screen).not.toMatch(MIGRATE);
  });

  it('restore asks for the name on one line, where the terminal has no width, too', async () => {
    const file = await sqliteFile('v0.6.0');
    const folder = join(dirname(file.name), 'kept');
    await run(file, ['backup', '--backup-dir', folder], []);
    const [manifest = ''] = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const asked = /Type the name of the database to replace it/;
    const { screen } = await run(file, ['restore', join(folder, manifest)], [[asked, CTRL_C]]);
    expect(screen).toMatch(asked);
    expect(screen).toContain('You did not type the database’s name. (CANCELLED)');
  });

  it('n, Enter and Ctrl-C change nothing', async () => {
    const answers = [
      ['n', 2, 'CANCELLED'],
      ['\r', 2, 'CANCELLED'],
      [CTRL_C, 130, 'INTERRUPTED'],
    ] as const;
    for (const [keys, code, says] of answers) {
      const old = await sqliteFile('v0.6.0');
      const damaged = await broken();
      for (const [file, args, question] of [
        [old, ['migrate'], MIGRATE],
        [damaged, ['fix'], REPAIR],
      ] as const) {
        const before = fileFingerprint(file.name);
        const { exitCode, screen } = await run(file, [...args], [[question, keys]]);
        expect(exitCode, screen).toBe(code);
        expect(screen).toContain(says);
        expect(fileFingerprint(file.name)).toEqual(before);
      }
    }
  });

  it('fix shows what it will change, asks, and does it for y', async () => {
    const file = await broken();
    const { exitCode, screen } = await run(file, ['fix'], [[REPAIR, 'y']]);
    expect(exitCode, screen).toBe(0);
    expect(screen.indexOf('role viewer')).toBeLessThan(screen.search(REPAIR));
    expect((await run(file, ['verify'], [])).exitCode).toBe(0);
  });

  it('--yes asks nothing', async () => {
    const { exitCode, screen } = await run(await sqliteFile('v0.6.0'), ['migrate', '--yes'], []);
    expect(exitCode, screen).toBe(0);
    expect(screen).not.toMatch(MIGRATE);
  });

  it('has colours, unless they are refused', async () => {
    const file = await sqliteFile('v0.7.0');
    const plain = { NO_COLOR: undefined };
    expect(marked((await run(file, ['status'], [], plain)).screen)).toMatch(COLOUR);
    expect(marked((await run(file, ['status', '--no-color'], [], plain)).screen)).not.toMatch(COLOUR);
    expect(marked((await run(file, ['status'], [], { NO_COLOR: '1' })).screen)).not.toMatch(COLOUR);
    expect((await run(file, ['status'], [], { ...plain, TERM: 'dumb' })).screen).not.toContain('\u001b[');
  });
});
