import { printable } from './printable.ts';
import { fill } from './wrap.ts';

/** A run without white space, where a quoted literal or identifier counts as one piece whatever is in it. */
const WORD = /(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\S)+/g;

/**
 * Lays out one SQL statement in lines of at most `width` columns, ended by a semicolon, so that what a dry run
 * prints can be pasted into a client: lines never break inside quotes. A statement with `--` comments keeps its
 * own lines, since a comment ends with its line.
 */
export function wrapStatement(statement: string, width: number): string[] {
  const source = statement.trim();
  const ended = source.endsWith(';') ? source : `${source};`;
  const parts = /(^|\s)--/.test(ended) ? ended.split(/\r?\n/) : [ended];
  return parts.flatMap((part) => {
    const [first = '', ...rest] = fill((part.match(WORD) ?? []).map(printable), width - 2);
    return [first, ...rest.map((line) => `  ${line}`)];
  });
}
