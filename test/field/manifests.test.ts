import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listBackups } from '../../src/backup/list-backups.ts';
import { readManifest } from '../../src/backup/read-manifest.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MANIFEST = {
  formatVersion: 1,
  tool: { name: 'mcpgw', version: '0.7.0' },
  createdAt: '2026-01-02T03:04:05.000Z',
  source: { dialect: 'sqlite', server: 'SQLite 3', database: 'mcp', url: 'sqlite:////mcp.db' },
  release: '0.6.0',
  revision: '1fc1795f6983',
  file: 'mcpgw-x.db',
  bytes: 0,
  sha256: '0'.repeat(64),
  envFile: null,
  rows: { tools: 1 },
  notes: {},
};

const WRONG: readonly { readonly title: string; readonly part: object }[] = [
  { title: 'a file outside of its folder', part: { file: '../mcp.db' } },
  { title: 'an absolute file', part: { file: '/etc/passwd' } },
  { title: 'a settings file outside of its folder', part: { envFile: 'a/../../.env' } },
  { title: 'rows that are a list', part: { rows: 'many' } },
  { title: 'a negative count', part: { rows: { tools: -1 } } },
  { title: 'a count that is no number', part: { rows: { tools: '1' } } },
  { title: 'notes that are no text', part: { notes: { schema: {} } } },
  { title: 'a size that is no number', part: { bytes: '7' } },
];

describe('A manifest that is none is refused', () => {
  it.each(WRONG)('$title: it is no manifest, exit 2', ({ part }) => {
    const path = join(temporaryFolder(), 'mcpgw-x.json');
    writeFileSync(path, JSON.stringify({ ...MANIFEST, ...part }));
    expect(() => readManifest(path)).toThrow(expect.objectContaining({ code: 'FAILED', exitCode: 2 }));
  });

  it('a pipe and a file of 1 GB in the folder are listed as none, at once', () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'mcpgw-a.json')]);
    writeFileSync(join(folder, 'mcpgw-b.json'), '{');
    truncateSync(join(folder, 'mcpgw-b.json'), 2 ** 30);
    expect(listBackups(folder, new Date()).map(({ manifest }) => manifest)).toEqual([null, null]);
  });
});
