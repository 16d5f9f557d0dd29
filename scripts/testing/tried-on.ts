/** The parts of vitest's JSON report (the shape of Jest's) that the table is made of. */
export interface TriedReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

const COLUMNS = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL 15',
  postgres18: 'PostgreSQL 18',
  mariadb: 'MariaDB 10.11',
  mysql: 'MySQL 9',
} as const;
const NO_DATABASE = 'no database needed';

/** A page of what a folder of tests showed. */
export interface Page {
  /** Of the tests: `test/field/` */
  readonly folder: string;
  /** In `docs`. */
  readonly file: string;
  readonly introduction: string;
}

/** The field tests, on every database. */
export const FIELD_PAGE: Page = {
  folder: 'test/field/',
  file: 'tried-on.md',
  introduction: `# What it was tried on

Every case of the suite's field tests (\`test/field\`), with the databases it passed on in the last run.
Made by \`npm run tried\` from the report of that run; \`npm run test:versions\` in CI says when it is out of date.
`,
};

/** The real gateway's judgement, on one database of each dialect. */
export const GATEWAY_PAGE: Page = {
  folder: 'test/gateway/',
  file: 'accepted-by-the-gateway.md',
  introduction: `# What the real gateway accepted

Releases of MCP Gateway from PyPI were started on databases that \`mcpgw\` had made, and asked over HTTP. What fails
on a database that v0.7.0 made itself does not count: on MariaDB every later release stops, there too. Made by
\`npm run test:gateway\` from the report of its last run.
`,
};

/**
 * The page of what passed, a table for each topic: the outermost title of a test is its topic, a database's id may
 * stand behind it in brackets or be one of the titles below it, the rest is the case. Topics, then cases, in the
 * order of the alphabet, so that the same results give the same bytes.
 */
export function triedOn(report: TriedReport, { folder, introduction }: Page): string {
  const topics = new Map<string, Map<string, Set<string>>>();
  for (const file of report.testResults) {
    if (!file.name.includes(folder)) continue;
    for (const { ancestorTitles, title, status } of file.assertionResults) {
      if (status !== 'passed') continue;
      const [topic = title, ...inner] = ancestorTitles.flatMap((name) => name.split(/ \[(\w+)\]$/, 2));
      const database = inner.find((name) => name in COLUMNS) ?? NO_DATABASE;
      const words = [...inner.filter((name) => name !== database), title].join(': ');
      const cases = topics.get(topic) ?? topics.set(topic, new Map()).get(topic)!;
      const databases = cases.get(words) ?? cases.set(words, new Set()).get(words)!;
      databases.add(database);
    }
  }
  return [introduction, ...sorted(topics).map(([topic, cases]) => section(topic, cases))].join('\n');
}

function section(topic: string, cases: ReadonlyMap<string, ReadonlySet<string>>): string {
  const ids = Object.keys(COLUMNS);
  const rows = sorted(cases).map(([words, databases]) => {
    const marks = databases.has(NO_DATABASE)
      ? ids.map(() => '–')
      : ids.map((id) => (databases.has(id) ? '✔' : ''));
    return `| ${words.replaceAll(/[|\\<]/g, '\\$&')} | ${marks.join(' | ')} |`;
  });
  const head = `| case | ${Object.values(COLUMNS).join(' | ')} |`;
  return [`## ${topic}\n`, head, `|---|${ids.map(() => ':-:|').join('')}`, ...rows, ''].join('\n');
}

function sorted<Value>(map: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
