import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { runInProcess } from '../support/run-in-process.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CONTROLS = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]|\p{Cf}/u;

async function verifyWithName(name: string) {
  const file = await sqliteFile('v0.7.0');
  const db = new SQLite(file.name);
  db.prepare(
    "UPDATE tools SET visibility = 'nobody', original_name = ?, custom_name = ?, name = ? WHERE rowid = 1",
  ).run(name, name, name);
  db.close();
  return (format: string) =>
    runInProcess(['verify', '--only', 'ownership.visibility', '--format', format], {
      cwd: temporaryFolder(),
      env: { DATABASE_URL: file.url },
    });
}

describe('Names that mean harm are shown and do none', () => {
  const FORMATS = ['text', 'json', 'junit', 'markdown'];

  it('C1, DEL, bidi and invisible characters are escaped in every format, and JSON gives them back', async () => {
    const name = 'a\u007fb\u009b31m\u202ec\u2066d\u200be\u{e0041}f\u2028g';
    const run = await verifyWithName(name);
    for (const format of FORMATS) {
      const { stdout, exitCode } = await run(format);
      expect({ format, exitCode }).toEqual({ format, exitCode: 1 });
      expect(stdout.replaceAll('\n', ''), format).not.toMatch(CONTROLS);
    }
    const { stdout } = await run('json');
    expect(stdout).toContain('\\u007f');
    expect(stdout).toContain('\\u009b31m\\u202ec');
    expect(stdout).toContain('\\udb40\\udc41');
    expect(JSON.parse(stdout).checks[0].findings[0]).toContain(name);
  });

  it.each([
    ['300 letters', 'x'.repeat(300), 'x'.repeat(201)],
    ['a megabyte', 'x'.repeat(1_000_000), 'x'.repeat(201)],
    ['a megabyte with blanks', 'word '.repeat(200_000), 'word '.repeat(41)],
    ['a megabyte of quotes', '“'.repeat(1_000_000), '“'.repeat(2_000)],
    ['emoji', '🙂'.repeat(100_000), '🙂'.repeat(201)],
  ])('a name of %s is cut where people read, and whole in JSON', async (_what, name, tooMuch) => {
    const run = await verifyWithName(name);
    for (const format of FORMATS.filter((each) => each !== 'json')) {
      const { stdout, exitCode } = await run(format);
      expect({ format, exitCode }).toEqual({ format, exitCode: 1 });
      expect(stdout.length).toBeLessThan(8_000);
      expect(stdout.replaceAll(/\n\s*/g, '')).not.toContain(tooMuch);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain('nobody');
    }
    const { stdout } = await run('json');
    expect(JSON.parse(stdout).checks[0].findings[0]).toContain(name);
  });
});
