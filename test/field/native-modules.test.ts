import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NATIVE_MODULES } from '../../src/native-modules.ts';
import { cliReport } from '../support/cli-report.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { installedProgram } from '../support/installed-program.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SQLITE = NATIVE_MODULES.sqlite.name;
const isCompiled = NATIVE_MODULES.sqlite.remedy === 'rebuild';

describe('A Node or a native module that does not load is named, with the command that puts it right', () => {
  it('Node.js 20.18 is refused, exit 2, and the doctor runs all the same', async () => {
    const { url } = await sqliteFile('v0.7.0');
    const preload = join(temporaryFolder(), 'old.cjs');
    writeFileSync(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });",
    );
    const env = { NODE_OPTIONS: `--require=${preload}` };
    for (const command of ['status', 'migrate', 'config']) {
      const { report } = await cliReport(url, [command], { env });
      expect(report).toMatchObject({ command, exitCode: 2, error: { code: 'NODE_VERSION' } });
      expect(report.error?.message).toContain('Node.js 20.18.3');
      expect(report.error?.hint).toMatch(/20\.19 or later.*\nRun: nvm install --lts$/s);
    }
    const { report } = await cliReport(url, ['doctor'], { env });
    expect(report.checks.find(({ id }) => id === 'machine.node')).toMatchObject({ status: 'failed' });
    expect(report.checks.find(({ id }) => id === 'database.open')).toMatchObject({ status: 'passed' });
  });

  describe('sqlite', () => {
    it('a driver that is not installed: exit 2, and the doctor checks the file without it', async () => {
      const { program, remove, folder } = await installedProgram();
      remove(SQLITE);
      const { url } = await sqliteFile('v0.7.0');
      const mend = `npm install --prefix ${folder} --ignore-scripts=false --include=optional`;
      for (const args of [['status'], ['migrate', '--yes'], ['verify'], ['fix', '--yes'], ['backup']]) {
        const { report } = await cliReport(url, args, { program });
        expect(report).toMatchObject({ exitCode: 2, error: { code: 'NATIVE_MODULE' } });
        expect(report.error?.hint).toContain(`\nRun: ${mend}`);
      }
      const { report } = await cliReport(url, ['doctor'], { program });
      const of = (id: string) => report.checks.find((check) => check.id === id);
      expect(of('machine.native-modules')).toMatchObject({ status: 'failed', count: 1, command: mend });
      for (const id of ['file.exists', 'file.sqlite', 'file.wal', 'file.whole', 'machine.sqlite']) {
        expect(of(id), id).toMatchObject({ status: 'passed' });
      }
      expect(of('database.open')).toMatchObject({ status: 'failed' });
      expect(report.exitCode).toBe(1);
    });

    it('a driver without its native half, as --ignore-scripts leaves it: the command puts it right', async () => {
      const { program, breakNative, folder } = await installedProgram();
      breakNative(SQLITE);
      const { url } = await sqliteFile('v0.7.0');
      const { report } = await cliReport(url, ['status'], { program });
      expect(report).toMatchObject({ exitCode: 2, error: { code: 'NATIVE_MODULE' } });
      const options = `--prefix ${folder} --ignore-scripts=false`;
      expect(report.error?.hint).toContain(
        isCompiled
          ? `Run: npm rebuild ${options} ${SQLITE}`
          : `Run: rm -r ${folder}/node_modules/${SQLITE} && npm install ${options} --include=optional`,
      );
    });
  });

  for (const { id, available, dialect } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('a module for password hashes that does not load: nothing is changed, exit 2', async () => {
        const { program, remove, breakNative } = await installedProgram();
        remove('@node-rs/argon2');
        breakNative('bcrypt');
        if (dialect !== 'sqlite') remove(SQLITE);
        const database = await sampleDatabase(id);
        const before = await fingerprint(database);
        for (const [PASSWORD_HASH, name] of [
          ['argon2id', '@node-rs/argon2'],
          ['bcrypt', 'bcrypt'],
        ]) {
          const options = { program, env: { PASSWORD_HASH } };
          const { report } = await cliReport(database.url, ['migrate', '--yes', '--no-backup'], options);
          expect(report).toMatchObject({ exitCode: 2, error: { code: 'NATIVE_MODULE' } });
          expect(report.error?.message).toContain(name);
        }
        expect(await fingerprint(database)).toEqual(before);
      });
    });
  }
});
