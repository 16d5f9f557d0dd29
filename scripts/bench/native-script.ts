import type { Dialect } from '../../src/database/dialect.ts';
import { DISPLAY_NAME_FUNCTION } from '../../src/database/sqlite/ddl.ts';
import { CHECKS_FUNCTION } from '../../src/database/sqlite/things.ts';

/** A statement as it went to the database. */
export interface Captured {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * What an older `sqlite3` has not, and what it is given instead; each costs less, so the native side has the advantage.
 * It reads the same rows.
 */
const FOR_SQLITE3: readonly (readonly [ours: RegExp, native: string])[] = [
  [
    new RegExp(`${DISPLAY_NAME_FUNCTION}\\(custom_name, original_name\\)`, 'g'),
    "replace(replace(replace(custom_name, '_', ' '), '-', ' '), '.', ' ')",
  ],
  [new RegExp(`${CHECKS_FUNCTION}\\(sql\\)`, 'g'), 'sql'],
  // JSON5 came with 3.45; it is asked for only where a text is no JSON.
  [/json_valid\((CAST\("\w+" AS TEXT\)), 2\)/g, 'json_valid($1)'],
];

/** The statements as a script for a native client, parameters written into them. */
export function nativeScript(statements: readonly Captured[], dialect: Dialect): string {
  const script = statements.map(({ sql, parameters }) => `${inlined(sql, parameters, dialect)};\n`).join('');
  return FOR_SQLITE3.reduce((text, [ours, native]) => text.replaceAll(ours, native), script);
}

/** Only what writes, begins, ends or locks: what the program reads to plan and to check is its own affair. */
export function writingOnly(statements: readonly Captured[]): Captured[] {
  return statements.filter(
    ({ sql }) => !/^\s*(?:SET STATEMENT .+ FOR )?(?:SELECT|WITH|SHOW|PRAGMA|EXPLAIN)\b/i.test(sql),
  );
}

/** Strings, quoted names and comments, in which nothing is a parameter; then the parameters. */
const PARTS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\$\d+|\?/g;
const MYSQL_PARTS = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|--[^\n]*|\?/gs;

function inlined(sql: string, parameters: readonly unknown[], dialect: Dialect): string {
  let next = 0;
  return sql.replaceAll(dialect.name === 'mysql' ? MYSQL_PARTS : PARTS, (part) => {
    if (part === '?') return literal(parameters[next++], dialect);
    if (/^\$\d+$/.test(part)) return literal(parameters[Number(part.slice(1)) - 1], dialect);
    return part;
  });
}

function literal(value: unknown, dialect: Dialect): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (typeof value === 'string') return dialect.literal(value);
  throw new Error(`a parameter of type ${typeof value} has no literal`);
}
