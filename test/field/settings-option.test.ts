import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InstalledProgram, installedProgram } from '../support/installed-program.ts';
import { reportIn } from '../support/report-of.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const OPTIONS = ['--env-file', '--settings'] as const;

describe('Node keeps its hands off the settings file of the installed command', () => {
  it('a file that is not there: JSON, exit 2', async () => {
    const mcpgw = shellFor(await installedProgram());
    expect(mcpgw('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    for (const option of OPTIONS) {
      for (const missing of ['/no/such/file', '.']) {
        const { stdout, status } = mcpgw('status', '--format', 'json', option, missing);
        expect(status).toBe(2);
        expect(reportIn(stdout).error).toMatchObject({ code: 'ENV_FILE' });
      }
    }
  });

  it('NODE_OPTIONS in it is no order to Node', async () => {
    const mcpgw = shellFor(await installedProgram());
    const folder = temporaryFolder();
    const script = join(folder, 'evil.cjs');
    writeFileSync(script, `require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'ran'))}, '')`);
    const file = join(folder, 'settings');
    writeFileSync(file, `NODE_OPTIONS=--require=${script}\nDATABASE_URL=sqlite:////srv/none.db\n`);
    for (const option of OPTIONS) {
      const { stdout, status } = mcpgw('config', '--format', 'json', `${option}=${file}`);
      expect(status).toBe(0);
      expect(stdout).toContain('/srv/none.db');
    }
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it('--settings does the same where node runs the script without --', async () => {
    const { program } = await installedProgram();
    const args = [program, 'status', '--format', 'json', '--settings', '/no/such/file'];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(reportIn(stdout).error).toMatchObject({ code: 'ENV_FILE' });
  });
});

/** Runs the command as a shell does, by nothing but its name. */
function shellFor({ bin }: InstalledProgram) {
  const PATH = [bin, dirname(process.execPath), process.env.PATH].join(delimiter);
  return (...args: string[]) => spawnSync('mcpgw', args, { env: { PATH }, encoding: 'utf8' });
}
