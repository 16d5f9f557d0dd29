import { DEFAULT_ADMIN_PASSWORD } from './credentials.ts';

/** What `=` or the start of a word, a scheme and a user stand before, and `@` behind. */
const USER_INFO = /^(?:--?[\w-]+=)?(?:[a-z][a-z0-9+.-]*:\/+)?[^/:@]*:(.+)@/is;
const PARAMETER = /[?&]\w*passw\w*=([^&#]+)/gi;

/**
 * The passwords in what may be a URL that stands in the wrong place: a word of the command line, or a part of a
 * path. Read as a path, one that holds a `/` comes in parts.
 */
export function passwordsIn(word: string): string[] {
  const userInfo = USER_INFO.exec(word)?.[1] ?? '';
  const parameters = [...word.matchAll(PARAMETER)].map(([, value = '']) => value);
  return [userInfo, ...userInfo.split('/'), ...parameters].filter((text) => text !== DEFAULT_ADMIN_PASSWORD);
}
