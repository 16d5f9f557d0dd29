import SQLite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseTableSql,
  renderTableSql,
  withClause,
  withoutClause,
} from '../../src/database/sqlite/table-sql.ts';

/** What SQLite itself makes of a CREATE TABLE: everything its pragmas tell about the table `t`. */
function understood(createTable: string): unknown {
  const db = new SQLite(':memory:');
  try {
    db.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY, "other id" TEXT UNIQUE)');
    db.exec(createTable);
    const pragma = (text: string) => db.pragma(text) as Record<string, unknown>[];
    return {
      columns: pragma('table_xinfo("t")'),
      foreignKeys: pragma('foreign_key_list("t")'),
      indexes: pragma('index_list("t")').map((index) => [
        { ...index, name: String(index.name).replace(/^sqlite_autoindex_.*_/, 'auto ') },
        pragma(`index_xinfo("${index.name}")`),
      ]),
      table: pragma('table_list("t")'),
    };
  } finally {
    db.close();
  }
}

const STATEMENTS: readonly (readonly [string, string])[] = [
  ['plain', 'CREATE TABLE t (id INTEGER NOT NULL, name VARCHAR(255), PRIMARY KEY (id))'],
  ['on one line, without blanks', 'CREATE TABLE t(id INTEGER,name TEXT,UNIQUE(id,name))'],
  [
    'every quoting of names',
    'CREATE TABLE t ("a ""b""" TEXT, `c ``d` TEXT, [e f] TEXT, "order" INT, "Mixed" INT)',
  ],
  [
    'names that are keywords',
    'CREATE TABLE t ("select" INT, "from" INT, "values" TEXT, "primary" INT, "limit" INT)',
  ],
  ['line comments', 'CREATE TABLE t (a INT, -- the first, of (many\n b TEXT DEFAULT 5--five\n, c INT)'],
  ['block comments', 'CREATE TABLE t (a INT/* it, says ( */, b /* x */ TEXT/**/NOT NULL)'],
  [
    'texts with brackets and commas',
    "CREATE TABLE t (a TEXT DEFAULT '( x , y )', b TEXT DEFAULT '-- no /* comment */')",
  ],
  ['a quote in a text', "CREATE TABLE t (a TEXT DEFAULT 'it''s' NOT NULL)"],
  ['a JSON default', `CREATE TABLE t (a JSON DEFAULT '[1 , {"k" : "( v )"}]')`],
  ['a blob', "CREATE TABLE t (a BLOB DEFAULT x'00ff', b BLOB DEFAULT X'')"],
  [
    'defaults',
    'CREATE TABLE t (a INT DEFAULT -1, b REAL DEFAULT +1.5e-3, c TEXT DEFAULT CURRENT_TIMESTAMP, d DEFAULT NULL)',
  ],
  [
    'an expression as default',
    'CREATE TABLE t (a TEXT DEFAULT (lower(hex(randomblob(16)))), b INT DEFAULT (1 + (2)))',
  ],
  [
    'constraints on columns',
    'CREATE TABLE t (a INT CONSTRAINT pk PRIMARY KEY ASC AUTOINCREMENT)'.replace('INT ', 'INTEGER '),
  ],
  [
    'named constraints on columns',
    'CREATE TABLE t (a INT CONSTRAINT nn NOT NULL CONSTRAINT "u q" UNIQUE CONSTRAINT c CHECK (a > 0))',
  ],
  [
    'conflict clauses',
    'CREATE TABLE t (a INT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT REPLACE, b INT NULL)',
  ],
  [
    'references on columns',
    'CREATE TABLE t (a INT REFERENCES parent(id) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT NULL)',
  ],
  [
    'deferred references',
    'CREATE TABLE t (a INT REFERENCES parent(id) NOT DEFERRABLE, b INT NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)',
  ],
  [
    'references of tables',
    'CREATE TABLE t (a TEXT, b INT, CONSTRAINT "f k" FOREIGN KEY (a) REFERENCES parent ("other id") ON DELETE CASCADE, FOREIGN KEY(b) REFERENCES parent)',
  ],
  [
    'collations',
    'CREATE TABLE t (a TEXT COLLATE NOCASE NOT NULL, b TEXT COLLATE "RTRIM" UNIQUE, UNIQUE (a COLLATE BINARY, b DESC))',
  ],
  [
    'generated columns',
    "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c TEXT AS ('x' || a) VIRTUAL NOT NULL)",
  ],
  ['a JSON path', `CREATE TABLE t (a JSON, b TEXT GENERATED ALWAYS AS (a ->> '$.x'), c AS (a->'$.y'))`],
  [
    'checks',
    "CREATE TABLE t (a TEXT CHECK (a IN ('x', 'y')), b INT, CHECK (b BETWEEN 1 AND 10), CONSTRAINT ck CHECK (a <> '( z )'))",
  ],
  [
    'operators',
    'CREATE TABLE t (a INT CHECK (a<>1 AND a!=2 AND a>=-3 AND (a||1)!=4 AND a IS NOT NULL AND NOT a<<1=3))',
  ],
  ['no types', 'CREATE TABLE t (a, b PRIMARY KEY, c UNIQUE)'],
  [
    'types of several words',
    'CREATE TABLE t (a UNSIGNED BIG INT, b DOUBLE PRECISION, c DECIMAL(10, 5), d VARYING CHARACTER ( 255 ))',
  ],
  ['WITHOUT ROWID and STRICT', 'CREATE TABLE t (a TEXT PRIMARY KEY, b ANY) WITHOUT ROWID, STRICT'],
  [
    'lower case and IF NOT EXISTS',
    "create table if not exists t (a int not null default 'x' unique, foreign key (a) references parent (id))",
  ],
  ['another schema’s name', 'CREATE TABLE main.t (a INT)'],
  ['names beyond ASCII', 'CREATE TABLE t (größe INT NOT NULL, "名 前" TEXT, a$1 INT)'],
];

describe('parseTableSql and renderTableSql', () => {
  test.each(STATEMENTS)('%s: SQLite understands the same', (_what, createTable) => {
    const rendered = renderTableSql('t', parseTableSql(createTable));
    expect(understood(rendered)).toEqual(understood(createTable));
  });

  test.each(STATEMENTS)('%s: rendering is parsed as it was', (_what, createTable) => {
    const parsed = parseTableSql(createTable);
    expect(parseTableSql(renderTableSql('t', parsed))).toEqual(parsed);
  });

  test('names come without their quotes', () => {
    const { items } = parseTableSql(STATEMENTS[2]![1]);
    expect(items.map((item) => item.kind === 'column' && item.name)).toEqual([
      'a "b"',
      'c `d',
      'e f',
      'order',
      'Mixed',
    ]);
  });

  test('the new name is quoted', () => {
    expect(renderTableSql('a "b', parseTableSql('CREATE TABLE x (a INT)'))).toBe(
      'CREATE TABLE "a ""b" (\n  a INT\n)',
    );
  });

  const NAMES = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((name) => !name.includes('\0') && !name.startsWith('sqlite_'));
  const TEXT = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\0'));
  const QUOTED = fc
    .tuple(NAMES, fc.constantFrom('"', '`'))
    .map(([name, quote]) => quote + name.replaceAll(quote, quote + quote) + quote);
  const COLUMN = fc.record({
    type: fc.constantFrom('', 'TEXT', 'VARCHAR(255)', 'DECIMAL(10,2)', 'INTEGER'),
    clauses: fc.uniqueArray(
      fc.oneof(
        fc.constantFrom('NOT NULL', 'UNIQUE', 'COLLATE NOCASE', 'REFERENCES parent(id) ON DELETE SET NULL'),
        TEXT.map((text) => `DEFAULT '${text.replaceAll("'", "''")}'`),
        TEXT.map((text) => `CHECK (typeof('${text.replaceAll("'", "''")}') <> 'x')`),
      ),
      { selector: (clause) => clause.split(' ')[0], maxLength: 4 },
    ),
    blank: fc.constantFrom(' ', '\n', '/* a, (comment */', ' -- a line\n'),
  });

  test('any table that SQLite takes is understood the same after parsing and rendering', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(QUOTED, {
          minLength: 1,
          maxLength: 5,
          selector: (name) => name.slice(1, -1).toLowerCase().replaceAll(/["`]/g, ''),
        }),
        fc.array(COLUMN, { minLength: 5, maxLength: 5 }),
        (names, columns) => {
          const lines = names.map((name, i) => {
            const { type, clauses, blank } = columns[i]!;
            return [name, type, ...clauses].join(blank);
          });
          const createTable = `CREATE TABLE t (${lines.join(',')})`;
          const parsed = parseTableSql(createTable);
          const rendered = renderTableSql('t', parsed);
          expect(understood(rendered)).toEqual(understood(createTable));
          expect(parseTableSql(rendered)).toEqual(parsed);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('withoutClause and withClause', () => {
  const column = (text: string) => {
    const [item] = parseTableSql(`CREATE TABLE t (${text})`).items;
    if (item?.kind !== 'column') throw new Error('not a column');
    return item;
  };
  const rendered = (item: ReturnType<typeof column>) =>
    renderTableSql('t', { items: [item], options: '' })
      .split('\n')[1]
      ?.trim();

  test('take away one clause and leave the others', () => {
    const item = column("a TEXT CONSTRAINT u UNIQUE NOT NULL DEFAULT 'x' CHECK (a <> 'NOT NULL')");
    expect(rendered(withoutClause(item, 'UNIQUE'))).toBe(
      "a TEXT NOT NULL DEFAULT 'x' CHECK (a <> 'NOT NULL')",
    );
    expect(rendered(withoutClause(item, 'NOT'))).toBe(
      "a TEXT CONSTRAINT u UNIQUE DEFAULT 'x' CHECK (a <> 'NOT NULL')",
    );
  });

  test('put one in place of what was there', () => {
    expect(rendered(withClause(column("a TEXT DEFAULT 'x'"), 'DEFAULT', "DEFAULT 'y'"))).toBe(
      "a TEXT DEFAULT 'y'",
    );
  });
});
