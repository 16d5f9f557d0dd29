/** `engines.node` of the package: the oldest that a version of better-sqlite3 and the other modules run on. */
export const OLDEST_NODE = '20.19';
const [OLDEST_MAJOR = 0, OLDEST_MINOR = 0] = OLDEST_NODE.split('.').map(Number);

/** @param version as in `process.versions.node` */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR);
}
