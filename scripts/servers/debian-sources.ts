import { existsSync, readFileSync } from 'node:fs';

/** Where this machine gets its Debian packages from, read from apt's own files. */
export interface DebianSources {
  /** The file itself: apt reads it as it is. */
  readonly file: string;
  /** The archive's URI, as the machine's administrator chose it (a mirror, a proxy). */
  readonly archive: string;
  /** Path of the keyring that signs it; '' for apt's default. */
  readonly signedBy: string;
}

const DEB822_FILE = '/etc/apt/sources.list.d/debian.sources';
const ONE_LINE_FILE = '/etc/apt/sources.list';

/** Undefined on a machine that has no Debian archive configured. */
export function debianSources(): DebianSources | undefined {
  if (existsSync(DEB822_FILE)) return parseDeb822(DEB822_FILE, readFileSync(DEB822_FILE, 'utf8'));
  if (existsSync(ONE_LINE_FILE)) return parseOneLine(ONE_LINE_FILE, readFileSync(ONE_LINE_FILE, 'utf8'));
  return undefined;
}

/** The deb822 form of sources.list(5): stanzas of `Field: value`. The security archive has no unstable suite. */
export function parseDeb822(file: string, text: string): DebianSources | undefined {
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1]?.trim() ?? '';
    const archive = field('URIs').split(/\s+/)[0] ?? '';
    if (archive !== '' && !field('Suites').includes('-security')) {
      return { file, archive, signedBy: field('Signed-By') };
    }
  }
  return undefined;
}

/** The older form of sources.list(5): `deb [signed-by=…] URI SUITE COMPONENT…`. */
export function parseOneLine(file: string, text: string): DebianSources | undefined {
  for (const line of text.split('\n')) {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line.trim());
    if (match?.[2] === undefined || match[3]?.includes('-security')) continue;
    return { file, archive: match[2], signedBy: /signed-by=(\S+)/.exec(match[1] ?? '')?.[1] ?? '' };
  }
  return undefined;
}
