/**
 * Reads and edits the text of a `CREATE TABLE` statement. SQLite keeps no other record of constraint names,
 * checks, collations and generated columns, so a rebuild that is to keep all of them edits this text instead
 * of writing a new one. Grammar: https://www.sqlite.org/lang_createtable.html
 */

/** One clause of a column, such as `NOT NULL` or `CONSTRAINT x CHECK (…)`. */
interface Clause {
  readonly keyword: string;
  readonly name: string | null;
  readonly text: string;
}

export interface ColumnItem {
  readonly kind: 'column';
  readonly name: string;
  readonly type: string;
  readonly clauses: readonly Clause[];
}

export interface ConstraintItem {
  readonly kind: 'constraint';
  readonly keyword: 'PRIMARY' | 'UNIQUE' | 'CHECK' | 'FOREIGN';
  readonly name: string | null;
  /** Columns of a PRIMARY KEY, UNIQUE or FOREIGN KEY. */
  readonly columns: readonly string[];
  readonly text: string;
}

export type Item = ColumnItem | ConstraintItem;

export interface TableSql {
  readonly items: readonly Item[];
  /** What follows the closing parenthesis: `WITHOUT ROWID`, `STRICT`. */
  readonly options: string;
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[(),]|[^\s'"`[(),]+/g;

function tokensOf(sql: string): string[] {
  return (sql.match(TOKEN) ?? []).filter((token) => !/^(?:\s|--|\/\*)/.test(token));
}

/** Takes the quotes off an identifier: `"a""b"` → `a"b`. */
function unquote(token: string): string {
  const quote = token[0];
  if (quote === '"' || quote === '`') return token.slice(1, -1).replaceAll(quote + quote, quote);
  if (quote === '[') return token.slice(1, -1);
  return token;
}

/** Joins tokens so that the result reads like the original: no blank inside parentheses or before a comma. */
function join(tokens: readonly string[]): string {
  return tokens.join(' ').replaceAll(/\( /g, '(').replaceAll(/ \)/g, ')').replaceAll(/ ,/g, ',');
}

/** The tokens between the parenthesis at `open` and its partner, and the index after it. */
function group(tokens: readonly string[], open: number): { inside: string[]; end: number } {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i] === '(') depth++;
    else if (tokens[i] === ')' && --depth === 0) return { inside: tokens.slice(open + 1, i), end: i + 1 };
  }
  throw new Error('unbalanced parentheses in CREATE TABLE');
}

/** Splits at the commas that are in no parentheses. */
function splitAtCommas(tokens: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const CLAUSE_STARTS = new Set([
  'CONSTRAINT',
  'PRIMARY',
  'NOT',
  'NULL',
  'UNIQUE',
  'CHECK',
  'DEFAULT',
  'COLLATE',
  'REFERENCES',
  'GENERATED',
  'AS',
]);

function parseColumn(tokens: readonly string[]): ColumnItem {
  const [name = '', ...rest] = tokens;
  const clauses: { keyword: string; name: string | null; tokens: string[] }[] = [];
  const type: string[] = [];
  let depth = 0;
  for (const [i, token] of rest.entries()) {
    const word = token.toUpperCase();
    const current = clauses.at(-1);
    const before = rest[i - 1]?.toUpperCase();
    // In `NOT NULL`, `ON DELETE SET NULL`, `SET DEFAULT`, `DEFAULT NULL` and `NOT DEFERRABLE` of a reference
    // the word is part of the clause it stands in; after `CONSTRAINT name` it gives that clause its keyword.
    const inside =
      depth > 0 ||
      before === 'SET' ||
      before === 'DEFAULT' ||
      before === 'CONSTRAINT' ||
      (word === 'NULL' && before === 'NOT') ||
      (word === 'AS' && before === 'ALWAYS') ||
      (word === 'NOT' && rest[i + 1]?.toUpperCase() === 'DEFERRABLE');
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (!inside && CLAUSE_STARTS.has(word)) {
      if (current?.keyword === 'CONSTRAINT') {
        current.keyword = word;
        current.tokens.push(token);
      } else {
        const named = word === 'CONSTRAINT' ? unquote(rest[i + 1] ?? '') : null;
        clauses.push({ keyword: word, name: named, tokens: [token] });
      }
    } else if (current === undefined) type.push(token);
    else current.tokens.push(token);
  }
  return {
    kind: 'column',
    name: unquote(name),
    type: join(type).replaceAll(' (', '('),
    clauses: clauses.map((clause) => ({ ...clause, text: join(clause.tokens) })),
  };
}

function parseConstraint(tokens: readonly string[]): ConstraintItem {
  const named = tokens[0]?.toUpperCase() === 'CONSTRAINT';
  const keyword = (tokens[named ? 2 : 0] ?? '').toUpperCase() as ConstraintItem['keyword'];
  const open = tokens.indexOf('(');
  const columns =
    keyword === 'CHECK' || open < 0
      ? []
      : splitAtCommas(group(tokens, open).inside).map((part) => unquote(part[0] ?? ''));
  return {
    kind: 'constraint',
    keyword,
    name: named ? unquote(tokens[1] ?? '') : null,
    columns,
    text: join(tokens),
  };
}

const CONSTRAINT_STARTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);

/** Parses the `sql` of `sqlite_schema` for a table. */
export function parseTableSql(sql: string): TableSql {
  const tokens = tokensOf(sql);
  const open = tokens.indexOf('(');
  if (open < 0) throw new Error('not a CREATE TABLE with columns');
  const { inside, end } = group(tokens, open);
  const items = splitAtCommas(inside).map((part) =>
    CONSTRAINT_STARTS.has((part[0] ?? '').toUpperCase()) ? parseConstraint(part) : parseColumn(part),
  );
  return { items, options: join(tokens.slice(end)) };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes the statement that makes the table under `name`. */
export function renderTableSql(name: string, table: TableSql): string {
  const lines = table.items.map((item) =>
    item.kind === 'constraint'
      ? item.text
      : [plainName(item.name), item.type, ...item.clauses.map((clause) => clause.text)]
          .filter((part) => part !== '')
          .join(' '),
  );
  const options = table.options === '' ? '' : ` ${table.options}`;
  return `CREATE TABLE ${quoteName(name)} (\n  ${lines.join(',\n  ')}\n)${options}`;
}

/** Column names stay unquoted where they can, so that the text reads as the gateway's own does. */
function plainName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoteName(name);
}
const RESERVED = new Set(['index', 'order', 'group', 'table', 'default', 'references', 'check', 'to', 'set']);

/** The item without the clauses of a kind, e.g. without its UNIQUE. */
export function withoutClause(item: ColumnItem, keyword: string): ColumnItem {
  return { ...item, clauses: item.clauses.filter((clause) => clause.keyword !== keyword) };
}

export function withClause(item: ColumnItem, keyword: string, text: string): ColumnItem {
  const kept = withoutClause(item, keyword);
  return { ...kept, clauses: [...kept.clauses, { keyword, name: null, text }] };
}
