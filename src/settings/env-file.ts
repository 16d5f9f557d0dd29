import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { GatewayError } from '../errors.ts';

interface EnvFileEntry {
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
  /** Names the value refers to as `${NAME}` that are set nowhere. */
  readonly unresolved: readonly string[];
}

export interface EnvFile {
  readonly path: string;
  /** By name in upper case, since the gateway does not mind the case; the last line of a name wins. */
  readonly entries: ReadonlyMap<string, EnvFileEntry>;
}

/**
 * Reads a `.env` file and touches nothing else.
 *
 * dotenv decodes the values. It skips what it cannot read without a word, so the lines are looked at first; and
 * where python-dotenv, which the gateway uses, reads a value differently, the gateway's reading counts.
 *
 * @param path absolute
 * @param required whether a missing file is an error; a folder at the default place is passed over, as the
 *   gateway does
 * @param env what `${NAME}` is looked up in after the file's own earlier lines
 * @returns null when the file is missing and not required
 * @throws GatewayError ENV_FILE with the numbers of the lines, never their content
 */
export function readEnvFile(
  path: string,
  required: boolean,
  env: Readonly<Record<string, string | undefined>>,
): EnvFile | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (!required && (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR')) return null;
    throw new GatewayError(
      'ENV_FILE',
      `the settings file ${path} cannot be read: ${READ_PROBLEMS[code] ?? code}`,
      {
        hint: 'name another file with --env-file, or make this one readable',
        cause: error,
      },
    );
  }
  return { path, entries: readEntries(decode(bytes, path), path, env) };
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
};

function decode(bytes: Buffer, path: string): string {
  const start = bytes.subarray(0, 2).toString('hex');
  if (start === 'fffe' || start === 'feff') {
    throw new GatewayError('ENV_FILE', `the settings file ${path} is UTF-16`, { hint: 'save it as UTF-8' });
  }
  if (!isUtf8(bytes)) throw failure(path, linesThatFail(bytes));
  return bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n');
}

function linesThatFail(bytes: Buffer): string[] {
  const problems: string[] = [];
  let start = 0;
  for (let line = 1; start <= bytes.length; line += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) problems.push(`line ${line}: not UTF-8; save the file as UTF-8`);
    start = end + 1;
  }
  return problems;
}

function failure(path: string, problems: readonly string[]): GatewayError {
  return new GatewayError('ENV_FILE', `the settings file ${path} cannot be parsed`, {
    details: problems,
    hint: 'each line is NAME=value, a # comment, or empty; mend the lines named above',
  });
}

function readEntries(
  text: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Map<string, EnvFileEntry> {
  const entries = new Map<string, EnvFileEntry>();
  const plain = new Map<string, string>();
  const problems: string[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index] ?? '';
    const number = index + 1;
    if (/^\s*(?:#|$)/.test(first)) continue;
    const head = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*/.exec(first);
    if (head?.[1] === undefined) {
      problems.push(`line ${number}: neither NAME=value nor a comment; put # in front or mend it`);
      continue;
    }
    const raw = rawValue(lines, index, head[0].length);
    if ('problem' in raw) {
      problems.push(`line ${number}: ${raw.problem}`);
      continue;
    }
    if (raw.text.includes('\0')) problems.push(`line ${number}: it holds a NUL character; take it out`);
    index += raw.text.split('\n').length - 1;
    const { value, unresolved } = resolveReferences(decodeValue(head[1], raw.text), plain, env);
    plain.set(head[1], value);
    entries.set(head[1].toUpperCase(), { value, line: number, unresolved });
  }
  if (problems.length > 0) throw failure(path, problems);
  return entries;
}

/** What stands behind the `=`, over several lines when it is quoted, up to the comment behind the quote. */
function rawValue(
  lines: readonly string[],
  index: number,
  start: number,
): { text: string } | { problem: string } {
  const first = (lines[index] ?? '').slice(start);
  const quote = first[0];
  if (quote !== '"' && quote !== "'") return { text: first };
  const closing = quote === '"' ? /^"(?:\\.|[^"\\])*"/s : /^'(?:\\.|[^'\\])*'/s;
  const isOneLine = closing.test(first);
  const rest = isOneLine ? first : [first, ...lines.slice(index + 1)].join('\n');
  // A path such as 'C:\folder\' ends in a backslash that escapes nothing.
  const text =
    closing.exec(rest)?.[0] ?? (first.length > 1 && first.trimEnd().endsWith(quote) ? first.trimEnd() : null);
  if (text === null) return { problem: `a ${quote} is opened and never closed; close it` };
  const behind = rest.slice(text.length).split('\n', 1)[0] ?? '';
  if (!/^\s*(?:#.*)?$/.test(behind)) {
    return { problem: `there is text behind the closing ${quote}; quote the whole value` };
  }
  return { text };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function decodeValue(name: string, raw: string): string {
  const quote = raw[0];
  if (quote === '"' || quote === "'") {
    const inner = raw.slice(1, -1);
    // Python decodes more escapes than dotenv does.
    if (!inner.includes('\\')) return parse(`${name}=${raw}`)[name] ?? inner;
    const escapes = quote === '"' ? /\\([\\'"abfnrtv])/g : /\\([\\'])/g;
    return inner.replaceAll(escapes, (_all, letter: string) => ESCAPES[letter] ?? letter);
  }
  // For Python a # starts a comment only behind white space, and a backtick quotes nothing: dotenv would cut a
  // password at its #.
  if (/[#`]/.test(raw)) return raw.replace(/\s+#.*$/, '').trimEnd();
  return parse(`${name}=${raw}`)[name] ?? '';
}

/** `${NAME}` and `${NAME:-default}`; the file's own lines win over the environment (python-dotenv). */
function resolveReferences(
  text: string,
  earlier: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): { value: string; unresolved: string[] } {
  const unresolved: string[] = [];
  const value = text.replaceAll(/\$\{([^}:]*)(?::-([^}]*))?\}/g, (_all, name: string, fallback?: string) => {
    const found = earlier.get(name) ?? env[name] ?? fallback;
    if (found === undefined) unresolved.push(name);
    return found ?? '';
  });
  return { value, unresolved };
}
