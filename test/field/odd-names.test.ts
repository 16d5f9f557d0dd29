import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { rollback } from '../../src/commands/rollback.ts';
import { verify } from '../../src/commands/verify.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { contentOf, v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { DATABASES, type DatabaseKind } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;

/** What a table of somebody else may be called; each has a column and a view of the same kind. */
const NAMES = [
  'tools.bak',
  'a line\nbreak',
  'a line\rbreak',
  'LOCK\nLOCK TABLES `x` WRITE;\nUNLOCK TABLES;',
  `q'u"o\`te`,
  'ends with \\',
  '\\.',
  'x\n\\! touch PWNED\n',
  '$$',
  '$mcpgw$',
  'x$mcpgw$\\! touch PWNED #',
  '*/ -- /*',
  ':x %s {}',
  '__proto__',
  'constructor',
  'tools ',
];

for (const kind of DATABASES) {
  const skipped = !kind.available || clientIsOlder(kind);
  describe('Tables may be called anything', () => {
    describe.skipIf(skipped)(kind.id, () => suite(kind));
  });
}

function suite({ id, dialect }: DatabaseKind): void {
  // MySQL takes no blank at the end of a name.
  const names = NAMES.filter((name) => dialect !== 'mysql' || !/\s$/.test(name));
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  let database: TestDatabase;
  let run: ReturnType<typeof commandRuns>;
  let content: Awaited<ReturnType<typeof contentOf>>;
  let manifest = '';

  beforeAll(async () => {
    database = await v060Database(id);
    await connect(database, (db) => plant(db, names));
    run = commandRuns(database, folder);
    content = await contentOf(database);
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const passes = async (command: Parameters<typeof run>[0]) => {
    const { report } = await run(command);
    expect(report).toMatchObject({ exitCode: 0, error: null });
    return report;
  };

  it('backup takes all of them, with their rows', async () => {
    const report = await passes((io) => backup(io, GLOBAL));
    const rows = report.sections.find((section) => section.id === 'backup')?.rows ?? [];
    manifest = String(rows.find(([, value]) => String(value).endsWith('.json'))?.[1]);
    await passes((io) => backup(io, { ...GLOBAL, list: true, verify: true }));
  });

  it('migrate, verify and doctor go through', async () => {
    await passes((io) => migrate(io, { ...GLOBAL, yes: true }));
    await passes((io) => verify(io, GLOBAL));
    const { report } = await run((io) => doctor(io, GLOBAL));
    expect(report.checks.filter(({ status }) => status === 'errored')).toEqual([]);
  });

  it('rollback goes through, and leaves them as they were', async () => {
    await passes((io) => rollback(io, { ...GLOBAL, yes: true, discardNewData: true }));
    const now = await contentOf(database);
    for (const name of names) expect(now.get(name)).toEqual(content.get(name));
  });

  it('restore brings back every one of them, and runs nothing that is in a name', async () => {
    await connect(database, async (db) => {
      for (const name of names.toReversed()) await db.run(statement(`DELETE FROM ${db.dialect.quote(name)}`));
    });
    await passes((io) =>
      restore(io, { ...GLOBAL, from: manifest, confirm: id === 'sqlite' ? 'mcp' : database.name }),
    );
    expect(await contentOf(database)).toEqual(content);
    expect(['.', folder].filter((place) => existsSync(join(place, 'PWNED')))).toEqual([]);
  });
}

/** Tables of two rows, each with a view, an index, and a foreign key to the one before. */
async function plant(db: Connection, names: readonly string[]): Promise<void> {
  const q = db.dialect.quote;
  const run = (sql: string) => db.run(statement(sql));
  for (const [i, name] of names.entries()) {
    const column = q(`${name}|`);
    const key = i === 0 ? '' : `, FOREIGN KEY (${column}) REFERENCES ${q(names[i - 1] ?? '')} (id)`;
    await run(`CREATE TABLE ${q(name)} (id INT PRIMARY KEY, ${column} INT${key})`);
    await run(`INSERT INTO ${q(name)} VALUES (1, 1), (2, NULL)`);
    await run(`CREATE INDEX ${q(`${name}?`)} ON ${q(name)} (${column})`);
    await run(`CREATE VIEW ${q(`${name}!`)} AS SELECT * FROM ${q(name)}`);
  }
}
