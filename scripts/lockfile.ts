import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completeLockfile, type Lockfile } from './lockfile/complete-lockfile.ts';

/** Brings `package-lock.json` up to `package.json`, with what npm leaves out of it. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const file = join(root, 'package-lock.json');
const read = () => JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
const write = (lock: Lockfile) => writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

const { status } = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
  cwd: root,
  stdio: 'inherit',
});
if (status === 0) write(completeLockfile(read()));
process.exitCode = status ?? 1;
