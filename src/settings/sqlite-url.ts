import { resolve } from 'node:path';
import type { SqlitePragma, SqliteTarget } from './database-target.ts';
import { maskSecrets } from './mask.ts';
import { passwordsIn } from './passwords-in.ts';
import { percentDecode } from './percent-decode.ts';
import { urlError } from './url-error.ts';
import { UrlQuery } from './url-query.ts';

/** Words a pragma takes, or the bounds of its number. */
type PragmaRule = { words: readonly string[]; persistent: boolean } | { min: number; persistent: boolean };

const PRAGMAS: Readonly<Record<string, PragmaRule>> = {
  journal_mode: { words: ['delete', 'truncate', 'persist', 'wal', 'memory', 'off'], persistent: true },
  synchronous: { words: ['off', 'normal', 'full', 'extra', '0', '1', '2', '3'], persistent: false },
  cache_size: { min: -2_147_483_648, persistent: false },
  temp_store: { words: ['default', 'file', 'memory', '0', '1', '2'], persistent: false },
  mmap_size: { min: -1, persistent: false },
  foreign_keys: { words: ['on', 'off', 'true', 'false', 'yes', 'no', '1', '0'], persistent: false },
};

/**
 * Reads what follows `sqlite://`.
 *
 * @param cwd the folder a relative path starts from
 * @throws GatewayError URL
 */
export function parseSqliteUrl(rest: string, cwd: string): { target: SqliteTarget; warnings: string[] } {
  const questionMark = rest.indexOf('?');
  const location = questionMark < 0 ? rest : rest.slice(0, questionMark);
  if (location !== '' && !location.startsWith('/')) {
    throw urlError(
      'an SQLite URL has no host: the file follows three slashes, or four when its path is absolute',
      'write sqlite:///./mcp.db or sqlite:////folder/mcp.db',
    );
  }
  const query = new UrlQuery(questionMark < 0 ? '' : rest.slice(questionMark + 1));
  const mode = query.oneOf('mode', ['ro', 'rw', 'rwc', 'memory']);
  const isUri = query.flag('uri') === true;
  const written = location.slice(1);
  const decoded = percentDecode(written, 'path');
  // SQLite decodes the path of a file: URI itself; SQLAlchemy decodes none.
  const file = fileOf(isUri ? decoded : written, isUri);
  if (file === '' || file === ':memory:' || mode === 'memory') {
    throw urlError('an in-memory SQLite database keeps nothing', 'name a file: sqlite:///./mcp.db');
  }
  const warnings: string[] = [];
  const busyTimeoutMs = readBusyTimeout(query);
  const pragmas = readPragmas(query, warnings);
  query.ignore('check_same_thread', 'isolation_level', 'cached_statements', 'detect_types', 'factory');
  warnings.push(...query.unknown());
  const path = resolve(cwd, file);
  const parameters = query.shown.length === 0 ? '' : `?${query.shown.join('&')}`;
  const other = resolve(cwd, decoded);
  return {
    target: {
      dialect: 'sqlite',
      path,
      busyTimeoutMs,
      pragmas,
      readOnly: mode === 'ro',
      // The URL of a server with the wrong scheme has a password in its path.
      maskedUrl: `sqlite:///${maskSecrets(path, path.split('/').flatMap(passwordsIn))}${parameters}`,
      ...(isUri || other === path ? {} : { decoded: other }),
    },
    warnings,
  };
}

/** The path in `file:rel`, `file:/abs`, `file:///abs` and `file://localhost/abs` (sqlite.org/uri.html). */
function fileOf(path: string, isUri: boolean): string {
  if (!path.startsWith('file:')) return path;
  if (!isUri)
    throw urlError('a file: path needs the parameter uri=true', 'add ?uri=true, or write the plain path');
  const match = /^file:(?:\/\/([^/]*))?(.*)$/s.exec(path);
  const host = match?.[1] ?? '';
  if (host !== '' && host !== 'localhost') {
    throw urlError('the file: path names a host', 'write file:///folder/mcp.db with three slashes');
  }
  return match?.[2] ?? '';
}

/** `timeout` is in seconds, as for Python's `sqlite3.connect`; `busy_timeout` in milliseconds, as for SQLite. */
function readBusyTimeout(query: UrlQuery): number {
  const milliseconds = query.whole('busy_timeout', 0, 2_147_483_647);
  const text = query.text('timeout');
  const seconds = text === null ? 5 : /^\d{1,7}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds * 1000 <= 2_147_483_647)) {
    throw urlError('parameter timeout is not a number of seconds', 'write timeout=30 for half a minute');
  }
  if (text !== null) query.show('timeout', text);
  return milliseconds ?? Math.round(seconds * 1000);
}

function readPragmas(query: UrlQuery, warnings: string[]): SqlitePragma[] {
  const pragmas: SqlitePragma[] = [];
  for (const [name, rule] of Object.entries(PRAGMAS)) {
    const value = 'words' in rule ? query.oneOf(name, rule.words) : query.whole(name, rule.min);
    if (value === null) continue;
    if (name === 'journal_mode' && (value === 'off' || value === 'memory')) {
      // Without a journal on disk a ROLLBACK is undefined (off) or a crash corrupts the file (memory).
      warnings.push(
        `DATABASE_URL: journal_mode=${value} is not used here: an upgrade must be able to undo itself`,
      );
      continue;
    }
    pragmas.push({ name, value: String(value), persistent: rule.persistent });
  }
  return pragmas;
}
