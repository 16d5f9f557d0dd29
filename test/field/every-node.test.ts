import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchNode } from '../../scripts/servers/fetch-node.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { cliReport } from '../support/cli-report.ts';
import { clientPath } from '../support/client-path.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The oldest of those that we claim, the oldest with better-sqlite3 13, the long-term one, the newest. */
const NEWEST = '26.12.1';
const NODES = ['20.19.0', '22.14.0', '24.21.0', NEWEST];

/** What `npm ci` compiled for the Node.js that runs the tests is for this one, too. */
const canRun = (version: string) => !version.startsWith('20.') || process.versions.modules === '115';

describe('It starts, on every Node it claims', () => {
  beforeAll(async () => {
    for (const version of NODES) await fetchNode(version);
  }, 300_000);

  for (const kind of DATABASES) {
    // What differs between them is the driver of SQLite.
    const nodes = kind.dialect === 'sqlite' ? NODES : [NEWEST];

    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => {
      it.each(nodes.filter(canRun))(
        'Node.js %s: migrate with its backup, verify, fix and restore',
        async (version) => {
          const node = await fetchNode(version);
          const database = await sampleDatabase(kind.id);
          const folder = temporaryFolder();
          const env = { PATH: clientPath(database.url) };
          const run = async (...args: string[]) => {
            const { report, stderr } = await cliReport(database.url, args, { node, cwd: folder, env });
            return { ...report, stderr };
          };
          const kept = ['--backup-dir', folder];

          expect(await run('migrate', '--yes', ...kept)).toMatchObject({ exitCode: 0, error: null });
          expect(await run('verify')).toMatchObject({ exitCode: 0, error: null });
          await database.query('DELETE FROM user_roles');
          expect(await run('fix', '--yes', '--no-backup')).toMatchObject({ exitCode: 0, error: null });
          const [manifest = ''] = readdirSync(folder).filter((name) => name.endsWith('.json'));
          const confirm = ['--confirm', database.name.replace(/^.*\/|\.db$/g, ''), '--no-backup'];
          const restored = await run('restore', join(folder, manifest), ...confirm);
          expect(restored).toMatchObject({ exitCode: 0, database: { release: '0.6.0' } });
        },
      );
    });
  }
});
