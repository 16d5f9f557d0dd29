import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { findOnPath } from '../../src/database/client-program.ts';
import { type DatabaseId, EVERY_VERSION } from '../support/database-kinds.ts';
import { createDatabase } from '../support/databases.ts';
import { ADMIN_PASSWORD, DATABASE_PASSWORD, expectNoSecret } from '../support/planted-secrets.ts';
import { serverUser } from '../support/server-user.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { clientEnv } from './backup-context.ts';
import { clientIsOlder } from './client-is-older.ts';

const PROGRAMS: Readonly<Record<DatabaseId, readonly string[]>> = {
  sqlite: [],
  postgres: ['pg_dump', 'pg_restore', 'psql'],
  postgres18: ['pg_dump', 'pg_restore', 'psql'],
  mariadb: ['mariadb-dump', 'mariadb'],
  mysql: ['mysqldump', 'mysql'],
};

/** Arguments that the client programs have when they reach the server. */
const ARGUMENTS = {
  sqlite: [],
  postgresql: ['--snapshot=', '--use-list=', '--no-psqlrc'],
  mysql: ['--single-transaction', '--binary-mode'],
} as const;

for (const { id, dialect, available } of EVERY_VERSION.filter((kind) => kind.dialect !== 'sqlite')) {
  describe.skipIf(!available || clientIsOlder({ id }))(`passwords of every awkward character [${id}]`, () => {
    test('work, and are in no output, report, manifest or process list', async () => {
      const database = await createDatabase(id);
      onTestFinished(() => database.drop());
      const { url } = await serverUser(database, DATABASE_PASSWORD, 'owner');
      await createSample(url, SMALL_SAMPLE);
      const place = join(temporaryFolder(), 'kept');
      const report = join(temporaryFolder(), 'report');
      const processes = processList(id);
      const env = {
        DATABASE_URL: url,
        PLATFORM_ADMIN_PASSWORD: ADMIN_PASSWORD,
        DB_MAX_RETRIES: '0',
        PATH: processes.path,
      };
      const run = async (exitCode: number, args: readonly string[]) => {
        const result = await spawnCli([...args, '--backup-dir', place, '--debug'], { env });
        expect(result.exitCode, result.stdout + result.stderr).toBe(exitCode);
        expectNoSecret(`stdout of ${args.join(' ')}`, result.stdout);
        expectNoSecret(`stderr of ${args.join(' ')}`, result.stderr);
      };

      await run(0, ['backup']);
      const [name = ''] = readdirSync(place).filter((each) => each.endsWith('.json'));
      const manifest = join(place, name);
      const restore = ['restore', manifest, '--confirm', database.name];
      await run(0, ['backup', '--list', '--verify', '--format', 'json']);
      await run(0, ['migrate', '--format', 'json', '--output', report]);
      await run(0, [...restore, '--verbose']);
      const text = readFileSync(manifest, 'utf8');
      writeFileSync(manifest, text.replace(/"tools": \d+/, '"tools": 1234567'));
      await run(2, [...restore, '--format', 'markdown']);

      const seen = processes.seen();
      for (const argument of ARGUMENTS[dialect]) expect(seen).toContain(argument);
      expectNoSecret('the process list', seen);
      expectNoSecret('the report', readFileSync(report, 'utf8'));
      const files = readdirSync(place);
      expectNoSecret('a file name', files.join('\n'));
      for (const file of files.filter((each) => each.endsWith('.json'))) {
        expectNoSecret(file, readFileSync(join(place, file), 'utf8'));
      }
    });
  });
}

interface ProcessList {
  /** The PATH on which the scripts come first that look at it. */
  readonly path: string;
  /** What was in it each time that a client program began. */
  seen(): string;
}

/** Scripts in the place of the client programs, which write down every command line before they become them. */
function processList(id: DatabaseId): ProcessList {
  const folder = temporaryFolder();
  const log = join(folder, 'log');
  const env = clientEnv(id);
  for (const program of PROGRAMS[id]) {
    const real = findOnPath(env, program);
    const script = `#!/bin/sh\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> '${log}'\nexec '${real}' "$@"\n`;
    writeFileSync(join(folder, program), script, { mode: 0o755 });
  }
  return { path: `${folder}${delimiter}${env.PATH}`, seen: () => readFileSync(log, 'utf8') };
}
