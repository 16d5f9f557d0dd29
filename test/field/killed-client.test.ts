import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, onTestFinished } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase } from '../support/databases.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { DATABASE_PASSWORD, expectNoSecret } from '../support/planted-secrets.ts';
import { serverUser } from '../support/server-user.ts';
import { startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CLIENTS = {
  sqlite: null,
  postgres: { program: 'pg_dump', text: 'PGDMP' },
  postgres18: { program: 'pg_dump', text: 'PGDMP' },
  mariadb: { program: 'mariadb-dump', text: 'CREATE TABLE' },
  mysql: { program: 'mysqldump', text: 'CREATE TABLE' },
} as const;

describe('A SIGKILL leaves no password behind', () => {
  for (const kind of DATABASES) {
    const client = CLIENTS[kind.id];
    if (client === null) continue;
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => {
      it('no file holds it while a client program works, nor when mcpgw was killed', async () => {
        const database = await createDatabase(kind.id);
        onTestFinished(() => database.drop());
        const { url } = await serverUser(database, DATABASE_PASSWORD, 'owner');
        await createSample(url, SMALL_SAMPLE);
        const [folder, kept] = [temporaryFolder(), temporaryFolder()];
        const { path, paused, resume } = pausingClient(kind.id, client.program, 'stdout', client.text);
        const env = { DATABASE_URL: url, PATH: path, TMPDIR: folder };
        const running = await startCli(['backup', '--backup-dir', kept], { env });
        const { program } = await paused();
        expectNoSecretIn(folder);
        expectNoSecret('the arguments', argumentsOf(program));

        running.child.kill('SIGKILL');
        await running.ended;
        resume();
        for (const each of [folder, kept]) expectNoSecretIn(each);
      });
    });
  }
});

/** Empty when it has written all and ended; test/backup/credentials looks at every client program as it begins. */
function argumentsOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function expectNoSecretIn(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name);
    if (statSync(file).isFile()) expectNoSecret(file, readFileSync(file, 'latin1'));
  }
}
