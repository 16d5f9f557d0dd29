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
  /** The name as it stands in the text: quoted only where somebody saw a need for it. */
  readonly written: string;
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

interface Token {
  readonly text: string;
  /** White space or a comment stands before it. */
  readonly spaced: boolean;
}

const BLANK = /(?:--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\s)+/y;
const WORD =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[(),]|(?:(?!--|\/\*)[^\s'"`[(),])+|[\s\S]/y;

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    BLANK.lastIndex = at;
    const blank = BLANK.exec(sql)?.[0].length ?? 0;
    WORD.lastIndex = at + blank;
    const text = WORD.exec(sql)?.[0];
    if (text === undefined) break;
    tokens.push({ text, spaced: blank > 0 });
    at += blank + text.length;
  }
  return tokens;
}

/** Takes the quotes off an identifier: `"a""b"` → `a"b`. */
function unquote(token: string): string {
  const quote = token[0];
  if (quote === '"' || quote === '`' || quote === "'") {
    return token.slice(1, -1).replaceAll(quote + quote, quote);
  }
  if (quote === '[') return token.slice(1, -1);
  return token;
}

/**
 * The text of tokens as it was, except that comments are gone and white space is one blank: `x'00'` and
 * `'( a , b )'` mean something else with a blank more or less.
 */
function join(tokens: readonly Token[]): string {
  return tokens.map((token, i) => (token.spaced && i > 0 ? ` ${token.text}` : token.text)).join('');
}

/** The tokens between the parenthesis at `open` and its partner, and the index after it. */
function group(tokens: readonly Token[], open: number): { inside: Token[]; end: number } {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i]?.text === '(') depth++;
    else if (tokens[i]?.text === ')' && --depth === 0)
      return { inside: tokens.slice(open + 1, i), end: i + 1 };
  }
  throw new Error('unbalanced parentheses in CREATE TABLE');
}

/** Splits at the commas that are in no parentheses. */
function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const keywordOf = (token: Token | undefined) => token?.text.toUpperCase() ?? '';

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

function parseColumn(tokens: readonly Token[]): ColumnItem {
  const [name, ...rest] = tokens;
  const clauses: { keyword: string; name: string | null; tokens: Token[] }[] = [];
  const type: Token[] = [];
  let depth = 0;
  for (const [i, token] of rest.entries()) {
    const word = keywordOf(token);
    const current = clauses.at(-1);
    const before = keywordOf(rest[i - 1]);
    // In `NOT NULL`, `ON DELETE SET NULL`, `SET DEFAULT`, `DEFAULT NULL` and `NOT DEFERRABLE` of a reference
    // the word is part of the clause it stands in; after `CONSTRAINT name` it gives that clause its keyword.
    const inside =
      depth > 0 ||
      before === 'SET' ||
      before === 'DEFAULT' ||
      before === 'CONSTRAINT' ||
      (word === 'NULL' && before === 'NOT') ||
      (word === 'AS' && before === 'ALWAYS') ||
      (word === 'NOT' && keywordOf(rest[i + 1]) === 'DEFERRABLE');
    if (word === '(') depth++;
    if (word === ')') depth--;
    if (!inside && CLAUSE_STARTS.has(word)) {
      if (current?.keyword === 'CONSTRAINT') {
        current.keyword = word;
        current.tokens.push(token);
      } else {
        const named = word === 'CONSTRAINT' ? unquote(rest[i + 1]?.text ?? '') : null;
        clauses.push({ keyword: word, name: named, tokens: [token] });
      }
    } else if (current === undefined) type.push(token);
    else current.tokens.push(token);
  }
  return {
    kind: 'column',
    name: unquote(name?.text ?? ''),
    written: name?.text ?? '',
    type: join(type),
    clauses: clauses.map(({ keyword, name: named, tokens: parts }) => ({
      keyword,
      name: named,
      text: join(parts),
    })),
  };
}

function parseConstraint(tokens: readonly Token[]): ConstraintItem {
  const named = keywordOf(tokens[0]) === 'CONSTRAINT';
  const keyword = keywordOf(tokens[named ? 2 : 0]) as ConstraintItem['keyword'];
  const open = tokens.findIndex(({ text }) => text === '(');
  const columns =
    keyword === 'CHECK' || open < 0
      ? []
      : splitAtCommas(group(tokens, open).inside).map((part) => unquote(part[0]?.text ?? ''));
  return {
    kind: 'constraint',
    keyword,
    name: named ? unquote(tokens[1]?.text ?? '') : null,
    columns,
    text: join(tokens),
  };
}

const CONSTRAINT_STARTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN']);

/** Parses the `sql` of `sqlite_schema` for a table. */
export function parseTableSql(sql: string): TableSql {
  const tokens = tokensOf(sql);
  const open = tokens.findIndex(({ text }) => text === '(');
  if (open < 0) throw new Error('not a CREATE TABLE with columns');
  const { inside, end } = group(tokens, open);
  const items = splitAtCommas(inside).map((part) =>
    CONSTRAINT_STARTS.has(keywordOf(part[0])) ? parseConstraint(part) : parseColumn(part),
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
      : [item.written, item.type, ...item.clauses.map((clause) => clause.text)]
          .filter((part) => part !== '')
          .join(' '),
  );
  const options = table.options === '' ? '' : ` ${table.options}`;
  return `CREATE TABLE ${quoteName(name)} (\n  ${lines.join(',\n  ')}\n)${options}`;
}

/** The item without the clauses of a kind, e.g. without its UNIQUE. */
export function withoutClause(item: ColumnItem, keyword: string): ColumnItem {
  return { ...item, clauses: item.clauses.filter((clause) => clause.keyword !== keyword) };
}

export function withClause(item: ColumnItem, keyword: string, text: string): ColumnItem {
  const kept = withoutClause(item, keyword);
  return { ...kept, clauses: [...kept.clauses, { keyword, name: null, text }] };
}
