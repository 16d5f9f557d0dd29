import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Lockfile, mendLockfile } from '../../scripts/lockfile/mend-lockfile.ts';

it('every package of the lock file has a hash, and what npm leaves out is there (npm run lockfile)', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
  expect(mendLockfile(lock)).toEqual(lock);
});

it('a package without a hash is named', () => {
  expect(() => mendLockfile({ packages: { '': {}, 'node_modules/a': {} } })).toThrow('node_modules/a');
});
