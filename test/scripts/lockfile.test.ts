import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { completeLockfile, type Lockfile } from '../../scripts/lockfile/complete-lockfile.ts';

it('every package of the lock file has a hash, and what npm leaves out is there (npm run lockfile)', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
  expect(completeLockfile(lock)).toEqual(lock);
});

it('a package without a hash is named', () => {
  expect(() => completeLockfile({ packages: { '': {}, 'node_modules/a': {} } })).toThrow('node_modules/a');
});
