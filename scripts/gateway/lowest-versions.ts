/**
 * The lowest version that a Python package's metadata names for each of its direct dependencies, as pip takes it:
 * `httpx[http2]==0.28.1`. Dependencies of an extra, or without a lower bound, are left out; of two bounds the
 * higher one counts.
 */
export function lowestVersions(metadata: string): string[] {
  const lowest = new Map<string, { name: string; version: string }>();
  for (const line of metadata.split('\n')) {
    const found = /^Requires-Dist: ([A-Za-z0-9._-]+)(\[[^\]]*\])?[^;]*?>=\s*([0-9][^,;\s]*)/.exec(line);
    if (found === null || /;.*\bextra\b/.test(line)) continue;
    const [, name = '', extras = '', version = ''] = found;
    const key = name.toLowerCase();
    const before = lowest.get(key);
    const widest = extras || !before ? name + extras : before.name;
    lowest.set(key, {
      name: widest,
      version: before && isLower(version, before.version) ? before.version : version,
    });
  }
  return [...lowest.values()].map(({ name, version }) => `${name}==${version}`);
}

function isLower(a: string, b: string): boolean {
  return a.localeCompare(b, 'en', { numeric: true }) < 0;
}
