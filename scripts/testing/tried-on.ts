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

const INTRODUCTION = `# What it was tried on

Every case of the suite's field tests (\`test/field\`), with the databases it passed on in the last run.
Made by \`npm run tried\` from the report of that run; \`npm test\` says when it is out of date.
`;

/**
 * The page of what passed, a table for each topic: the outermost title of a test is its topic, one of the titles
 * below it may be a database's id, the rest is the case. Topics, then cases, in the order of the alphabet, so that
 * the same results give the same bytes.
 */
export function triedOn(report: TriedReport): string {
  const topics = new Map<string, Map<string, Set<string>>>();
  for (const file of report.testResults) {
    if (!file.name.includes('test/field/')) continue;
    for (const { ancestorTitles, title, status } of file.assertionResults) {
      if (status !== 'passed') continue;
      const [topic = title, ...inner] = ancestorTitles;
      const database = inner.find((name) => name in COLUMNS) ?? NO_DATABASE;
      const words = [...inner.filter((name) => name !== database), title].join(': ');
      const cases = topics.get(topic) ?? topics.set(topic, new Map()).get(topic)!;
      const databases = cases.get(words) ?? cases.set(words, new Set()).get(words)!;
      databases.add(database);
    }
  }
  return [INTRODUCTION, ...sorted(topics).map(([topic, cases]) => section(topic, cases))].join('\n');
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
