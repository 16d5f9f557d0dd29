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

export interface EnvFileRead {
  /** Where `error` is set, the entries that could be read all the same. Null when there is nothing to read. */
  readonly file: EnvFile | null;
  /** ENV_FILE with the numbers of the lines, never their content. */
  readonly error: GatewayError | null;
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
 * @returns no file and no error when the file is missing and not required
 */
export function readEnvFile(
  path: string,
  required: boolean,
  env: Readonly<Record<string, string | undefined>>,
): EnvFileRead {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (!required && (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR')) {
      return { file: null, error: null };
    }
    const text = `the settings file ${path} cannot be read: ${READ_PROBLEMS[code] ?? code}`;
    const hint = 'name another file with --env-file, or make this one readable';
    return { file: null, error: new GatewayError('ENV_FILE', text, { hint, cause: error }) };
  }
  if (isUtf16(bytes)) {
    const hint = 'save it as UTF-8';
    return {
      file: null,
      error: new GatewayError('ENV_FILE', `the settings file ${path} is UTF-16`, { hint }),
    };
  }
  const { entries, problems } = readEntries(textOf(bytes), env, linesThatFail(bytes));
  return { file: { path, entries }, error: problems.length === 0 ? null : failure(path, problems) };
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
};

function isUtf16(bytes: Buffer): boolean {
  return ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'));
}

function textOf(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n');
}

interface LineProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

function linesThatFail(bytes: Buffer): LineProblem[] {
  const problems: LineProblem[] = [];
  if (isUtf8(bytes)) return problems;
  let start = 0;
  for (let line = 1; start <= bytes.length; line += 1) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) {
      problems.push({ line, text: 'not UTF-8; save the file as UTF-8' });
    }
    start = end + 1;
  }
  return problems;
}

function failure(path: string, problems: readonly LineProblem[]): GatewayError {
  return new GatewayError('ENV_FILE', `the settings file ${path} cannot be parsed`, {
    details: problems.toSorted((a, b) => a.line - b.line).map(({ line, text }) => `line ${line}: ${text}`),
    hint: 'each line is NAME=value, a # comment, or empty; mend the lines named above',
  });
}

/** @param undecodable lines whose text is not what somebody wrote: their entries are left out */
function readEntries(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  undecodable: readonly LineProblem[],
): { entries: Map<string, EnvFileEntry>; problems: readonly LineProblem[] } {
  const entries = new Map<string, EnvFileEntry>();
  const plain = new Map<string, string>();
  const problems = [...undecodable];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index] ?? '';
    const number = index + 1;
    if (/^\s*(?:#|$)/.test(first)) continue;
    const head = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*/.exec(first);
    if (head?.[1] === undefined) {
      problems.push({ line: number, text: 'neither NAME=value nor a comment; put # in front or mend it' });
      continue;
    }
    const raw = rawValue(lines, index, head[0].length);
    if ('problem' in raw) {
      problems.push({ line: number, text: raw.problem });
      continue;
    }
    if (raw.text.includes('\0')) {
      problems.push({ line: number, text: 'it holds a NUL character; take it out' });
    }
    index += raw.text.split('\n').length - 1;
    if (undecodable.some(({ line }) => line >= number && line <= index + 1)) continue;
    const { value, unresolved } = resolveReferences(decodeValue(head[1], raw.text), plain, env);
    plain.set(head[1], value);
    entries.set(head[1].toUpperCase(), { value, line: number, unresolved });
  }
  return { entries, problems };
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
