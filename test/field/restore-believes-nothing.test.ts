import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Manifest } from '../../src/backup/manifest.ts';
import type { Backup } from '../../src/backup/take-backup.ts';
import type { GatewayError } from '../../src/errors.ts';
import { backUp, clientEnv, contentOf, putBack, v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { DATABASES, type DatabaseKind } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { realClient } from '../support/real-client.ts';
import { serverUser } from '../support/server-user.ts';

/** What an edited manifest says of the tables. */
const ROWS: readonly {
  readonly title: string;
  edit(rows: Record<string, number>): Record<string, number>;
}[] = [
  { title: 'no tables', edit: () => ({}) },
  { title: 'one table fewer', edit: ({ tools: _, ...others }) => others },
  { title: 'a table more', edit: (rows) => ({ ...rows, more: 0 }) },
  { title: 'a name with a command for psql', edit: (rows) => ({ ...rows, [HIDDEN]: 0 }) },
  { title: 'a name that ends a string', edit: (rows) => ({ ...rows, "x'); DROP TABLE tools; --": 0 }) },
];
const HIDDEN = 'x$mcpgw$\n\\! touch PWNED\n#';

const DAMAGE: readonly { readonly title: string; damage(bytes: Buffer): Buffer }[] = [
  { title: 'an empty file', damage: () => Buffer.alloc(0) },
  { title: 'another file', damage: () => gzipSync('-- nothing\n') },
  { title: 'half of the file', damage: (bytes) => bytes.subarray(0, bytes.length / 2) },
];

describe('A restore believes no manifest', () => {
  for (const kind of DATABASES) {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => suite(kind));
  }
});

function suite({ id, dialect }: DatabaseKind): void {
  const directory = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  let database: TestDatabase;
  let made: Backup;
  let before: Awaited<ReturnType<typeof contentOf>>;

  beforeAll(async () => {
    database = await v060Database(id);
    made = await backUp(database, { directory });
    await database.query('DELETE FROM tool_metrics');
    before = await contentOf(database);
  });
  afterAll(async () => {
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Restores a changed copy of the backup, which must be refused with everything as it was. */
  const refused = async (change: (copy: Copy) => void) => {
    const copy = copyOf(made);
    change(copy);
    const error = await putBack(database, { directory, name: copy.manifest, backup: false }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ exitCode: 2 });
    expect(await contentOf(database)).toEqual(before);
    return { error, copy };
  };

  it.each(ROWS)(
    'a manifest of $title is refused before anything is dropped, and nothing is run',
    async ({ edit }) => {
      const { error } = await refused(({ manifest }) => {
        editManifest(manifest, (said) => ({ ...said, rows: edit({ ...said.rows }) }));
      });
      expect(error).toMatchObject({
        code: 'CORRUPT',
        message: expect.stringMatching(/names (other tables|no table)|other rows than its manifest/),
      });
      expect(['.', directory].filter((place) => existsSync(join(place, 'PWNED')))).toEqual([]);
    },
  );

  it.each(DAMAGE)(
    '$title with the right hash is called a damaged backup, and the database is as it was',
    async ({ damage }) => {
      const { error, copy } = await refused(({ file, manifest }) => {
        writeFileSync(file, damage(readFileSync(file)));
        sign(file, manifest);
      });
      expect(error).toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(copy.file),
      });
      expect(`${(error as GatewayError).hint}`).toContain('another backup');
      expect(JSON.stringify(error)).not.toContain('doctor --repair');
    },
  );

  if (dialect === 'postgresql') postgresql(id, () => ({ database, directory }));
}

interface Copy {
  readonly file: string;
  readonly manifest: string;
}

/** A copy of the backup that a test may change. */
function copyOf({ file, manifest }: Backup): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const copies = { file: join(folder, basename(file)), manifest: join(folder, basename(manifest)) };
  writeFileSync(copies.file, readFileSync(file));
  writeFileSync(copies.manifest, readFileSync(manifest));
  return copies;
}

function editManifest(path: string, edit: (said: Manifest) => Manifest): void {
  writeFileSync(path, JSON.stringify(edit(JSON.parse(readFileSync(path, 'utf8')))));
}

/** Makes the manifest fit the file, as somebody would who changed it on purpose. */
function sign(file: string, manifest: string): void {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  editManifest(manifest, (said) => ({ ...said, sha256, bytes: statSync(file).size }));
}

function postgresql(id: DatabaseKind['id'], at: () => { database: TestDatabase; directory: string }): void {
  it('psql that obeys commands in a dump is refused before anything is locked', async () => {
    const { database, directory } = at();
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // As of psql 15.13, which knows no such command.
    const { real } = realClient(id, 'psql');
    const script = `#!/bin/sh\ncase "$*" in --help=commands) echo '  \\q  quit psql';; *) exec '${real}' "$@";; esac\n`;
    writeFileSync(join(folder, 'psql'), script, { mode: 0o755 });
    const made = await backUp(database, { directory });
    const { PATH } = clientEnv(id);
    const env = { ...clientEnv(id), PATH: `${folder}:${PATH}` };
    await expect(putBack(database, { directory, name: made.file, env })).rejects.toMatchObject({
      code: 'PREFLIGHT',
      message: expect.stringContaining('CVE-2025-8714'),
      hint: expect.stringContaining('15.14'),
    });
  });

  it('a command in the definitions of a dump is not run: the restore is taken back', async () => {
    const { directory } = at();
    const database = await createDatabase(id);
    onTestFinished(() => database.drop());
    const pwned = join(directory, 'PWNED-by-dump');
    await database.query(`CREATE TABLE t AS SELECT 1 AS n`);
    await database.query(`COMMENT ON TABLE t IS '${'X'.repeat(200)}'`);
    const made = await backUp(database, { directory });
    // A dump made by hand: its text for the comment ends the statement and goes on with a command.
    const bytes = readFileSync(made.file);
    const text = `IS '${'X'.repeat(200)}'`;
    const place = bytes.indexOf(text);
    expect(place).toBeGreaterThan(0);
    bytes.write(`IS NULL;\n\\! touch ${pwned}\n`.padEnd(text.length), place);
    writeFileSync(made.file, bytes);
    sign(made.file, made.manifest);
    await database.query('INSERT INTO t VALUES (2)');
    await expect(putBack(database, { directory, name: made.manifest, backup: false })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('restricted'),
    });
    expect(await database.query('SELECT count(*) FROM t')).toBe('2');
    expect(existsSync(pwned)).toBe(false);
  });

  it('tables go back into the publications they were in, with their columns and rows', async () => {
    const { directory } = at();
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    const [one, two, all] = ['p"1', 'p\n2', 'all'].map((name) => `"${name.replaceAll('"', '""')}"`);
    await database.query(`CREATE PUBLICATION ${one} FOR TABLE tools, servers`);
    await database.query(
      `CREATE PUBLICATION ${two} FOR TABLE tools (id, name) WHERE (id <> 'it''s \\'), ONLY prompts`,
    );
    await database.query(`CREATE PUBLICATION ${all} FOR ALL TABLES`);
    const facts = `SELECT pubname, tablename, attnames, rowfilter FROM pg_publication_tables ORDER BY 1, 2`;
    const before = await database.query(facts);
    const made = await backUp(database, { directory });
    const { warnings } = await putBack(database, { directory, name: made.file, backup: false });
    expect(await database.query(facts)).toBe(before);
    expect(warnings).toEqual([]);
  });

  it('a publication of somebody else is named with the statement that puts the table back', async () => {
    const { directory } = at();
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    await database.query('CREATE PUBLICATION theirs FOR TABLE tools');
    const user = await serverUser(database, 'pw', 'owner');
    await database.query(`ALTER SCHEMA public OWNER TO ${user.name}`);
    const tables = await database.query(
      `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const table of tables.split('\n'))
      await database.query(`ALTER TABLE ${table} OWNER TO ${user.name}`);
    const theirs = { ...database, url: user.url };
    const made = await backUp(theirs, { directory });
    const { warnings } = await putBack(theirs, { directory, name: made.file, backup: false });
    expect(warnings).toEqual([
      expect.stringContaining('ALTER PUBLICATION "theirs" ADD TABLE ONLY "public"."tools";'),
    ]);
  });

  it('owners with a blank in their name, grants, comments, replica identity, statistics and sequences come back', async () => {
    const { directory } = at();
    const database = await v060Database(id);
    const role = `"own er ${database.name.slice(-6)}"`;
    await database.query(`CREATE ROLE ${role}`);
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
      await database.drop();
    });
    for (const statement of [
      `ALTER TABLE prompts OWNER TO ${role}`,
      `GRANT SELECT (id), UPDATE ON tools TO ${role}`,
      `COMMENT ON COLUMN tools.name IS 'it''s'`,
      'ALTER TABLE tools REPLICA IDENTITY FULL',
      'ALTER TABLE tools SET (fillfactor = 70)',
      'ALTER TABLE tools ALTER name SET STATISTICS 7',
      'CREATE STATISTICS two ON name, description FROM tools',
      "CREATE SEQUENCE mine START 7; SELECT nextval('mine')",
      'ALTER TABLE tools ENABLE ROW LEVEL SECURITY',
      `CREATE POLICY pol ON tools USING (name <> '')`,
      'CLUSTER tools USING tools_pkey',
    ])
      await database.query(statement);
    const facts = `SELECT relname, relowner::regrole, relacl::text, relreplident, reloptions, relrowsecurity,
        obj_description(c.oid), (SELECT string_agg(concat(attname, attacl, attstattarget, col_description(c.oid, attnum)), ',' ORDER BY attname)
          FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
        (SELECT string_agg(indexrelid::regclass::text || indisclustered, ',' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = c.oid),
        (SELECT string_agg(pg_get_statisticsobjdef(oid), ',') FROM pg_statistic_ext WHERE stxrelid = c.oid),
        CASE WHEN relkind = 'S' THEN pg_sequence_last_value(c.oid) END
      FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY relname`;
    const before = await database.query(facts);
    const made = await backUp(database, { directory });
    const { warnings } = await putBack(database, { directory, name: made.file, backup: false });
    expect(await database.query(facts)).toBe(before);
    expect(warnings).toEqual([]);
  });

  it('owners that are not here are left out, and the restore says so', async () => {
    const { database, directory } = at();
    const other = await createDatabase(id);
    onTestFinished(() => other.drop());
    const user = await serverUser(other, 'pw', 'owner');
    await other.query(`ALTER SCHEMA public OWNER TO ${user.name}`);
    const made = await backUp(database, { directory });
    const { warnings } = await putBack({ ...other, url: user.url }, { directory, name: made.file });
    expect(warnings).toEqual([expect.stringContaining('the grants were left out')]);
  });
}
