export interface LockedPackage {
  readonly integrity?: string;
  readonly [fact: string]: unknown;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** What is to stand in the lock file beside what npm writes, by the folder of the package. */
const FACTS: Readonly<Record<string, LockedPackage>> = {
  // It has its binaries with it. npm forgets that it says so, and would run node-gyp, which needs Python.
  'node_modules/better-sqlite3': { gypfile: false },
  // Where better-sqlite3 13 runs (`src/native-modules.ts`), nobody is to wait until this one is compiled.
  'node_modules/better-sqlite3-12': { engines: { node: '<22.14.0 || >=23.0.0 <23.6.0' } },
};

/**
 * @throws Error for packages without a hash, which npm would take as they come: taken out of the lock file, they are
 * looked up again
 */
export function completeLockfile(lock: Lockfile): Lockfile {
  const bare = Object.keys(lock.packages).filter(
    (folder) => folder !== '' && lock.packages[folder]?.integrity === undefined,
  );
  if (bare.length > 0) {
    throw new Error(
      `without integrity; remove these from the lock file, then run it again:\n${bare.join('\n')}`,
    );
  }
  const packages = Object.entries(lock.packages).map(
    ([folder, locked]) => [folder, { ...locked, ...FACTS[folder] }] as const,
  );
  return { ...lock, packages: Object.fromEntries(packages) };
}
