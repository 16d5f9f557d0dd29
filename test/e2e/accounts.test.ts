import { describe, expect, it } from 'vitest';
import { verifyPassword } from '../../src/seed/password.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { fileFingerprint } from '../support/fingerprint.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { HAS_TERMINAL, onTerminal } from '../support/terminal.ts';

const SECRET = 'Qx7-typed-by-nobody';
const CAROL = 'carol@corp.example.com';
const hashOf = `SELECT password_hash FROM email_users WHERE email = '${CAROL}'`;

describeEachDatabase('users and teams through the program', ({ id }) => {
  it('a password from standard input is in no output, and logs in', async () => {
    const { database } = await migratedDatabase(id);
    const options = { env: { DATABASE_URL: database.url }, input: `${SECRET}\n` };
    const create = ['user', 'create', CAROL, '--password-file', '-', '--no-backup', '--debug'];
    for (const args of [
      [...create, '--dry-run', '--verbose'],
      [...create, '--yes', '--format', 'json'],
      ['user', 'show', CAROL, '--debug', '--format', 'markdown'],
      ['status', '--history', '--debug'],
    ]) {
      const { exitCode, stdout, stderr } = await spawnCli(args, options);
      expect([args, exitCode, stderr]).toEqual([args, 0, expect.any(String)]);
      expect(stdout + stderr).not.toContain(SECRET);
      expect(stdout + stderr).not.toContain('$argon2');
    }
    expect(await verifyPassword(await database.query(hashOf), SECRET)).toBe(true);
    const short = await spawnCli([...create.with(2, 'dan@corp.example.com'), '--yes'], {
      ...options,
      input: 'Zu-kurz',
    });
    expect([short.exitCode, short.stdout]).toEqual([2, '']);
    expect(short.stderr).toContain('fewer than 8 characters');
    expect(short.stderr).not.toContain('Zu-kurz');
  });
});

it('what only tells changes no byte, and nobody is asked for a confirmation that cannot be given', async () => {
  const { database } = await migratedDatabase('sqlite');
  const options = { env: { DATABASE_URL: database.url } };
  const before = fileFingerprint(database.name);
  for (const args of [
    ['team', 'list', '--all'],
    ['team', 'show', 'dana-corps-team'],
    ['user', 'list'],
  ]) {
    for (const format of ['text', 'json', 'junit', 'markdown']) {
      const { exitCode, stdout } = await spawnCli([...args, '--format', format], options);
      expect([args, format, exitCode]).toEqual([args, format, 0]);
      if (format !== 'junit') expect(stdout).toContain(args[0] === 'team' ? 'dana-corps-team' : 'Dana Corp');
    }
  }
  const unasked = await spawnCli(['team', 'create', 'Sales'], options);
  expect([unasked.exitCode, unasked.stderr]).toEqual([2, expect.stringContaining('CONFIRMATION')]);
  expect(fileFingerprint(database.name)).toEqual(before);
});

/** Needs `script` of util-linux (Debian: bsdutils). */
describe.skipIf(!HAS_TERMINAL)('on a terminal', () => {
  const FIRST = new RegExp(`New password of ${CAROL}`);
  const create = ['user', 'create', CAROL, '--no-backup'];

  it('the password is asked for twice and hidden; two that differ, and Ctrl-C, change nothing', async () => {
    const { database } = await migratedDatabase('sqlite');
    const run = (answers: readonly (readonly [RegExp, string])[]) =>
      onTerminal(create, { DATABASE_URL: database.url }, answers);
    const differ = await run([
      [FIRST, `${SECRET}\r`],
      [/The same again/, 'something else\r'],
    ]);
    expect([differ.exitCode, differ.screen]).toEqual([
      2,
      expect.stringContaining('The two passwords differ'),
    ]);
    expect((await run([[FIRST, '\u0003']])).exitCode).toBe(130);
    expect(await database.query(hashOf)).toBe('');
    const made = await run([
      [FIRST, `${SECRET}\r`],
      [/The same again/, `${SECRET}\r`],
      [/Make this change now/, 'y'],
    ]);
    expect([made.exitCode, made.screen]).toEqual([0, expect.stringContaining(CAROL)]);
    expect(made.screen + differ.screen).not.toContain(SECRET);
    expect(await verifyPassword(await database.query(hashOf), SECRET)).toBe(true);
  });
});
