import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { runSql } from '../support/run-sql.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { clientEnv } from './backup-context.ts';

const POOLER = process.env.TEST_PGBOUNCER_URL || undefined;

describe.skipIf(POOLER === undefined)('through PgBouncer (needs TEST_PGBOUNCER_URL)', () => {
  test.each([
    [['backup'], 'pg_dump'],
    [['migrate'], 'pg_dump'],
  ])('%s takes no backup: it refuses, says why and writes nothing', async (args, program) => {
    const admin = POOLER ?? '';
    const name = `mcpgw_test_${randomBytes(6).toString('hex')}`;
    await runSql('postgresql', admin, `CREATE DATABASE ${name}`);
    onTestFinished(() => runSql('postgresql', admin, `DROP DATABASE ${name} WITH (FORCE)`).then(() => {}));
    const at = new URL(admin);
    at.pathname = `/${name}`;
    await connect({ url: at.href }, (db) => createV060(db));
    const place = join(temporaryFolder(), 'kept');
    const run = await spawnCli([...args, '--backup-dir', place], {
      env: { DATABASE_URL: at.href, DB_MAX_RETRIES: '0', PATH: clientEnv('postgres').PATH },
    });
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    const says = run.stderr.replaceAll(/\s+/g, ' ');
    expect(says).toContain(
      `DATABASE_URL leads through a connection pooler, and ${program} needs the server itself.`,
    );
    // Only the second has that flag.
    expect(says.includes('--no-backup')).toBe(args[0] === 'migrate');
    expect(says).toContain('Nothing was changed.');
    expect(existsSync(place)).toBe(false);
    expect(await runSql('postgresql', at.href, 'SELECT version_num FROM alembic_version')).toBe(
      '1fc1795f6983',
    );
  });
});
