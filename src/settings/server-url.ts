import { percentDecode } from './percent-decode.ts';
import { urlError } from './url-error.ts';

/** The parts of a server's URL, user and password decoded. A part that is absent or empty is null. */
export interface ServerUrl {
  readonly user: string | null;
  readonly password: string | null;
  readonly host: string | null;
  readonly port: number | null;
  /** As it is written: SQLAlchemy decodes no more than user and password. */
  readonly database: string | null;
  /** Still encoded. */
  readonly query: string;
}

const ENCODE = 'percent-encode the user and password: @ is %40, / is %2F, : is %3A, ? is %3F, % is %25';

/**
 * Splits what follows `scheme://` as SQLAlchemy's `make_url` does: the password may hold `:`, `/`, `?` and `#` as
 * they are. It also takes a bare `@` in the password (the last one before the host wins). What could be read in
 * two ways is refused rather than guessed, so that no piece of a password ends up as a host or database name.
 *
 * @throws GatewayError URL naming the part, never its text
 */
export function splitServerUrl(rest: string): ServerUrl {
  const at = endOfUserInfo(rest);
  const userInfo = at < 0 ? '' : rest.slice(0, at);
  const location = rest.slice(at + 1);
  const colon = userInfo.indexOf(':');
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
  const password = colon < 0 ? '' : userInfo.slice(colon + 1);
  const questionMark = location.indexOf('?');
  const address = questionMark < 0 ? location : location.slice(0, questionMark);
  const slash = address.indexOf('/');
  const database = slash < 0 ? '' : address.slice(slash + 1);
  const query = questionMark < 0 ? '' : location.slice(questionMark + 1);
  if (database.includes('@') || (at >= 0 && query.includes('@'))) {
    throw urlError(
      'it is unclear where the password ends: there is an @ behind the host',
      `${ENCODE}, also in parameters`,
    );
  }
  return {
    user: percentDecode(user, 'user') || null,
    password: percentDecode(password, 'password') || null,
    ...splitHostAndPort(slash < 0 ? address : address.slice(0, slash)),
    database: database || null,
    query,
  };
}

/** Index of the `@` that ends user and password, -1 when there are none. */
function endOfUserInfo(rest: string): number {
  const authority = lengthUpTo(rest, 0);
  const at = rest.lastIndexOf('@', authority);
  if (at >= 0) return at;
  const colon = rest.indexOf(':');
  const later = rest.indexOf('@', authority);
  if (colon < 0 || colon > authority || rest.startsWith('[') || later < 0) return -1;
  if (/^\d*$/.test(rest.slice(colon + 1, authority))) {
    throw urlError('it is unclear whether a port or a password follows the first colon', ENCODE);
  }
  return rest.lastIndexOf('@', lengthUpTo(rest, later));
}

/** Index of the first `/` or `?` from `start` on, or the end. */
function lengthUpTo(text: string, start: number): number {
  const index = text.slice(start).search(/[/?]/);
  return index < 0 ? text.length : start + index;
}

function splitHostAndPort(text: string): { host: string | null; port: number | null } {
  if (text.includes(',')) {
    throw urlError('the URL names several hosts', 'name one host: the one that takes writes');
  }
  const bracketed = /^\[([0-9a-f:.]+(?:%25[\w.-]+|%[\w.-]+)?)\](?::(.*))?$/is.exec(text);
  if (bracketed?.[1] !== undefined) {
    return { host: bracketed[1].replace('%25', '%'), port: parsePort(bracketed[2] ?? '') };
  }
  if (text.startsWith('[')) {
    throw urlError('the host in brackets is not an IPv6 address', 'write it like [::1]');
  }
  if ((text.match(/:/g) ?? []).length > 1) {
    throw urlError(
      'the part for host and port holds more than one colon',
      `put an IPv6 address in brackets, like [::1]:5432; if it is a password, ${ENCODE} and end it with @host`,
    );
  }
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  if (/^%2f/i.test(host)) {
    throw urlError(
      'the host is an encoded path',
      'give the socket as ?host=/folder and leave the host empty',
    );
  }
  if (!/^[\p{L}\p{N}._-]*$/u.test(host)) {
    throw urlError(
      'the host holds a character no host name has',
      `check it; if it is part of a password, ${ENCODE}`,
    );
  }
  return { host: host || null, port: parsePort(colon < 0 ? '' : text.slice(colon + 1)) };
}

/** @throws GatewayError URL when the port is not a number from 1 to 65535 */
export function parsePort(text: string): number | null {
  if (text === '') return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) {
    throw urlError(
      'the port is not a number from 1 to 65535',
      `write host:port, or leave the port out; if it is part of a password, ${ENCODE}`,
    );
  }
  return port;
}

/** The database's name with its % decoded, for a target; nothing where it is the same. */
export function decodedName(database: string): { decoded?: string } {
  const decoded = percentDecode(database, 'database name');
  return decoded === database ? {} : { decoded };
}
