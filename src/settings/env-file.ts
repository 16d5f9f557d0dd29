import { isUtf8 } from 'node:buffer';
import { parse } from 'dotenv';
import { GatewayError } from '../errors.ts';
import { readProblem, readSmallFile } from '../files/read-small-file.ts';

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
    bytes = readSmallFile(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!required && (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR')) {
      return { file: null, error: null };
    }
    const text = `the settings file ${path} cannot be read: ${readProblem(error)}`;
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

function isUtf16(bytes: Buffer): boolean {
  return ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'));
}

function textOf(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n');
}

/** More problems than that are one: it is no settings file. */
const MOST_LINES = 100;

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
  const lines = problems.toSorted((a, b) => a.line - b.line).map(({ line, text }) => `line ${line}: ${text}`);
  const more = lines.length - MOST_LINES;
  return new GatewayError('ENV_FILE', `the settings file ${path} cannot be parsed`, {
    details: more <= 0 ? lines : [...lines.slice(0, MOST_LINES), `and ${more} lines more`],
    hint: 'each line is NAME=value, a # comment, or empty; correct the lines named above',
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
  const isUndecodable = new Set(undecodable.map(({ line }) => line));
  const resolve = referenceResolver(plain, env);
  const lines = text.split('\n');
  const starts = startsOf(lines);
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index] ?? '';
    const number = index + 1;
    if (/^\s*(?:#|$)/.test(first)) continue;
    const head = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*/.exec(first);
    if (head?.[1] === undefined) {
      problems.push({ line: number, text: 'neither NAME=value nor a comment; put # in front or correct it' });
      continue;
    }
    const raw = rawValue(text, (starts[index] ?? 0) + head[0].length);
    if ('problem' in raw) {
      problems.push({ line: number, text: raw.problem });
      continue;
    }
    if (raw.text.includes('\0')) {
      problems.push({ line: number, text: 'it holds a NUL character; take it out' });
    }
    const height = raw.text.split('\n').length;
    index += height - 1;
    if (Array.from({ length: height }, (_, n) => number + n).some((line) => isUndecodable.has(line)))
      continue;
    const { value, unresolved } = resolve(decodeValue(head[1], raw.text));
    if (value === null) {
      problems.push({ line: number, text: 'what it refers to is longer than 1 MiB in all; shorten it' });
      continue;
    }
    plain.set(head[1], value);
    entries.set(head[1].toUpperCase(), { value, line: number, unresolved });
  }
  return { entries, problems };
}

/** Where each line begins in the text. */
function startsOf(lines: readonly string[]): number[] {
  let start = 0;
  return lines.map(({ length }) => {
    const here = start;
    start += length + 1;
    return here;
  });
}

/**
 * What stands behind the `=` at `start`, over several lines when it is quoted, up to the comment behind the quote.
 * Looks at no character more than a few times: a file may hold many quotes that nobody closes.
 */
function rawValue(text: string, start: number): { text: string } | { problem: string } {
  const first = restOfLine(text, start);
  const quote = first[0];
  if (quote !== '"' && quote !== "'") return { text: first };
  const closing = closingQuote(text, start);
  // A path such as 'C:\folder\' ends in a backslash that escapes nothing.
  const isClosed = closing >= 0 || (first.length > 1 && first.trimEnd().endsWith(quote));
  if (!isClosed) return { problem: `a ${quote} is opened and never closed; close it` };
  const raw = closing < 0 ? first.trimEnd() : text.slice(start, closing + 1);
  if (!/^\s*(?:#.*)?$/.test(restOfLine(text, start + raw.length))) {
    return { problem: `there is text behind the closing ${quote}; quote the whole value` };
  }
  return { text: raw };
}

function restOfLine(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end);
}

/** Where the quote that opens at `start` is closed; -1 when it is not. */
function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start]) return at;
  }
  return -1;
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
    // Python decodes more escapes than dotenv does.
    const inner = raw.slice(1, -1);
    const escapes = quote === '"' ? /\\([\\'"abfnrtv])/g : /\\([\\'])/g;
    return inner.replaceAll(escapes, (_all, letter: string) => ESCAPES[letter] ?? letter);
  }
  // For Python a # starts a comment only behind white space, and a backtick quotes nothing: dotenv would cut a
  // password at its #.
  if (/[#`]/.test(raw)) return withoutComment(raw).trimEnd();
  return parse(`${name}=${raw}`)[name] ?? '';
}

function withoutComment(raw: string): string {
  const at = raw.search(/\s#/);
  return at < 0 ? raw : raw.slice(0, at);
}

/** Of all values with references in a file: one that doubles another, line by line, would have no end. */
const MOST_RESOLVED = 1024 * 1024;

/** A name longer than that is none; without a bound, many that are never closed would each be read to the end. */
const REFERENCE = /\$\{([^}:]{0,256})(?::-([^}]*))?\}/g;

/**
 * `${NAME}` and `${NAME:-default}`; the file's own lines win over the environment (python-dotenv). The value is null
 * when it would be too long.
 */
function referenceResolver(
  earlier: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): (text: string) => { value: string | null; unresolved: string[] } {
  let left = MOST_RESOLVED;
  return (text) => {
    const unresolved: string[] = [];
    const closed = text.lastIndexOf('}') + 1;
    const value = text.slice(0, closed).replaceAll(REFERENCE, (_all, name: string, fallback?: string) => {
      const found = earlier.get(name) ?? env[name] ?? fallback;
      if (found === undefined) unresolved.push(name);
      left -= found?.length ?? 0;
      return left < 0 ? '' : (found ?? '');
    });
    const isTooLong = left < 0 && text.includes('${');
    return { value: isTooLong ? null : value + text.slice(closed), unresolved };
  };
}
