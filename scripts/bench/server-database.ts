import { execFileSync } from 'node:child_process';
import { nativeClient } from '../../test/support/native-client.ts';
import { runSql } from '../../test/support/run-sql.ts';
import { serverEnvironment, urlVariable } from '../servers/environment.ts';
import type { ServerName } from '../servers/server.ts';
import { startServer } from '../servers/start-server.ts';
import { keepDataOnDisk } from '../servers/temporary-folder.ts';
import type { BenchDatabase } from './bench-database.ts';

type BenchServer = Extract<ServerName, 'postgres' | 'mariadb' | 'mysql'>;

/**
 * A server given by `TEST_<SERVER>_URL`, else one started for as long as this process lives.
 *
 * @throws Error when the server or its native client cannot be had
 */
export async function serverDatabase(id: BenchServer): Promise<BenchDatabase> {
  keepDataOnDisk();
  if (!process.env[urlVariable(id)]) Object.assign(process.env, serverEnvironment([await startServer(id)]));
  const admin = new URL(process.env[urlVariable(id)] ?? '');
  const dialect = id === 'postgres' ? 'postgresql' : 'mysql';
  const url = (name: string) => {
    const own = new URL(admin);
    own.pathname = `/${name}`;
    return own.href;
  };
  const clientOf = (name: string) => {
    const client = nativeClient(id, dialect, url(name), name);
    if (client === undefined)
      throw new Error(`${id}: its native client is not here, and is what is compared to`);
    return client;
  };
  const { program } = clientOf('');
  const onServer = (sql: string) => runSql(dialect, admin.href, sql);
  const verbs = dialect === 'postgresql' ? postgresqlVerbs(onServer, url) : mysqlVerbs(onServer, url);
  return {
    title: await verbs.title(),
    client: versionOf(program),
    url,
    native(name, script) {
      const client = clientOf(name);
      return { program: client.program, args: client.args, env: client.env, input: script };
    },
    async create(name) {
      await verbs.drop(name);
      await verbs.create(name);
    },
    async copy(from, to) {
      await verbs.drop(to);
      await verbs.copy(from, to);
    },
    async run(name, sql) {
      await runSql(dialect, url(name), sql);
    },
    drop: verbs.drop,
  };
}

interface Verbs {
  title(): Promise<string>;
  create(name: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  drop(name: string): Promise<void>;
}

type OnServer = (sql: string) => Promise<string>;

function postgresqlVerbs(onServer: OnServer, url: (name: string) => string): Verbs {
  return {
    title: async () => `PostgreSQL ${(await onServer('SHOW server_version')).split(' ')[0]}`,
    async create(name) {
      await onServer(`CREATE DATABASE ${name}`);
    },
    async copy(from, to) {
      await onServer(`CREATE DATABASE ${to} TEMPLATE ${from}`);
      await runSql('postgresql', url(to), 'VACUUM ANALYZE');
      await onServer('CHECKPOINT');
    },
    async drop(name) {
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

function mysqlVerbs(onServer: OnServer, url: (name: string) => string): Verbs {
  const create = async (name: string) => {
    await onServer(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  };
  return {
    async title() {
      const version = await onServer('SELECT version()');
      return `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${version.split('-')[0]}`;
    },
    create,
    // There are no templates: the tables are made from what the server says of them, and filled by the server.
    async copy(from, to) {
      await create(to);
      const tables = await onServer(
        `SELECT table_name FROM information_schema.tables WHERE table_schema = '${from}'`,
      );
      const statements = ['SET foreign_key_checks = 0'];
      for (const table of tables.split('\n')) {
        const shown = await runSql('mysql', url(from), `SHOW CREATE TABLE \`${table}\``);
        statements.push(shown.slice(shown.indexOf('\t') + 1));
        statements.push(`INSERT INTO \`${table}\` SELECT * FROM \`${from}\`.\`${table}\``);
        statements.push(`ANALYZE TABLE \`${table}\``);
      }
      await runSql('mysql', url(to), statements.join(';\n'));
    },
    async drop(name) {
      await onServer(`DROP DATABASE IF EXISTS ${name}`);
    },
  };
}

/** `psql (PostgreSQL) 15.1 (Debian …)` → `psql 15.1`; `mariadb Ver 15.1 Distrib 10.11.19-MariaDB, …` → `mariadb 10.11.19` */
function versionOf(program: string): string {
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const version = /Distrib ([\d.]+)/.exec(text)?.[1] ?? /\d+(?:\.\d+)+/.exec(text)?.[0] ?? '';
  return `${program.slice(program.lastIndexOf('/') + 1)} ${version}`;
}
