import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { migrate } from './migrate.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface SqliteFile {
  readonly dialect: 'sqlite';
  readonly url: string;
  /** The absolute path. */
  readonly name: string;
  readonly folder: string;
}

/** A SQLite database for the test that is running, alone in its folder: the sample at v0.6.0, or migrated. */
export async function sqliteFile(release: 'v0.6.0' | 'v0.7.0'): Promise<SqliteFile> {
  const folder = temporaryFolder();
  const name = join(folder, 'mcp.db');
  copyFileSync((await templates())[release], name);
  return { dialect: 'sqlite', url: `sqlite:///${name}`, name, folder };
}

let made: Promise<Record<'v0.6.0' | 'v0.7.0', string>> | undefined;

/** Made once for all tests of a file, to be copied. */
function templates(): Promise<Record<'v0.6.0' | 'v0.7.0', string>> {
  made ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const old = join(folder, 'old.db');
    const current = join(folder, 'current.db');
    await createSample(`sqlite:///${old}`, SMALL_SAMPLE);
    copyFileSync(old, current);
    await migrate({ url: `sqlite:///${current}` });
    return { 'v0.6.0': old, 'v0.7.0': current };
  })();
  return made;
}
