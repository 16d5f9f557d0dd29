import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { cacheFolder } from './cache-folder.ts';
import { extractPackages } from './extract-packages.ts';
import { findMariadb, type MariadbInstallation } from './find-mariadb.ts';
import { freePort } from './free-port.ts';
import { launch } from './launch.ts';
import { AS_ROOT, ownPlaces } from './mysql-family.ts';
import { runProgram } from './run-program.ts';
import { removeFolder } from './running.ts';
import type { RunningServer, ServerRecipe } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';

const LIBRARY = 'libgalera_smm.so';
/** Where Debian's package galera-4 and others' put it. */
const LIBRARY_FOLDERS = ['usr/lib', 'usr/lib/galera', 'usr/lib64/galera-4'];

/** A cluster of two MariaDB nodes that replicate to each other through Galera, both on 127.0.0.1. */
export const galera: ServerRecipe = {
  title: "Galera, two MariaDB nodes (Debian's packages)",

  async install() {
    await findMariadb();
    await findLibrary();
  },

  async start() {
    return startCluster(await findMariadb(), await findLibrary());
  },
};

async function findLibrary(): Promise<string> {
  const installed = libraryIn('/');
  if (installed !== undefined) return installed;
  const folder = await cacheFolder('galera', (filling) =>
    extractPackages({ server: 'galera', packages: ['galera-4'], suite: 'machine' }, filling),
  );
  const fetched = libraryIn(folder);
  if (fetched === undefined) throw new Error(`the package galera-4 holds no ${LIBRARY}`);
  return fetched;
}

function libraryIn(root: string): string | undefined {
  return LIBRARY_FOLDERS.map((folder) => join(root, folder, LIBRARY)).find((path) => existsSync(path));
}

/** The name of our own way to hand a joining node its state, as `wsrep_sst_method` has it. */
const TRANSFER = 'identical';

interface Node {
  readonly name: string;
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly clusterPort: number;
  readonly transferPort: number;
}

async function newNode(name: string): Promise<Node> {
  const folder = temporaryFolder('galera');
  const [port, clusterPort, transferPort] = [await freePort(), await freePort(), await freePort()];
  return { name, folder, data: join(folder, 'data'), port, clusterPort, transferPort };
}

/**
 * The first node makes the data and stops; the second starts from a copy of it, so that no state need be sent
 * and none of the programs that would send it (rsync, lsof, socat) is needed.
 */
async function startCluster(installation: MariadbInstallation, library: string): Promise<RunningServer> {
  const password = randomBytes(12).toString('hex');
  const [first, second] = [await newNode('one'), await newNode('two')];
  const argsOf = (node: Node, others: readonly Node[]) => nodeArguments(installation, library, node, others);
  try {
    await makeData(installation, first, argsOf(first, []), password);
    cpSync(first.data, second.data, { recursive: true });
    rmSync(join(second.data, 'galera.cache'), { force: true });
    for (const node of [first, second]) writeTransfer(node, first);
  } catch (error) {
    for (const { folder } of [first, second]) removeFolder(folder);
    throw error;
  }
  const start = (node: Node, others: readonly Node[], size: number) =>
    launch({
      name: 'galera',
      url: `mysql://mcpgw:${password}@127.0.0.1:${node.port}/mysql`,
      clientPath: installation.clientPath,
      // The server looks for its transfer program on the PATH; `env` becomes the server, pid and all.
      program: '/usr/bin/env',
      args: [
        `PATH=${join(node.folder, 'bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
        installation.server,
        ...argsOf(node, others),
      ],
      folder: node.folder,
      stopSignal: 'SIGKILL',
      answers: () => isSynced(node.port, password, size),
    });
  let one: RunningServer;
  try {
    one = await start(first, [], 1);
  } catch (error) {
    removeFolder(second.folder);
    throw error;
  }
  let two: RunningServer;
  try {
    two = await start(second, [first], 2);
  } catch (error) {
    await one.stop();
    throw error;
  }
  return {
    ...one,
    urls: [one.url, two.url],
    async stop() {
      await two.stop();
      await one.stop();
    },
  };
}

function nodeArguments(
  { base }: MariadbInstallation,
  library: string,
  node: Node,
  others: readonly Node[],
): string[] {
  const provider = [
    `gmcast.listen_addr=tcp://127.0.0.1:${node.clusterPort}`,
    `base_port=${node.clusterPort}`,
    `ist.recv_addr=127.0.0.1:${node.transferPort}`,
    'gcache.size=32M',
  ];
  return [
    '--no-defaults',
    ...AS_ROOT,
    `--basedir=${base}`,
    `--lc-messages-dir=${join(base, 'share/mysql')}`,
    `--plugin-dir=${join(base, 'lib/mysql/plugin')}`,
    ...ownPlaces(node.folder),
    `--port=${node.port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(node.folder, 'sock')}`,
    `--pid-file=${join(node.folder, 'pid')}`,
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=0',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=64M',
    // What Galera requires of a node.
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--default-storage-engine=InnoDB',
    '--wsrep-on=ON',
    `--wsrep-provider=${library}`,
    '--wsrep-cluster-name=mcpgw',
    `--wsrep-cluster-address=gcomm://${others.map((other) => `127.0.0.1:${other.clusterPort}`).join(',')}`,
    `--wsrep-node-name=${node.name}`,
    '--wsrep-node-address=127.0.0.1',
    `--wsrep-sst-method=${TRANSFER}`,
    `--wsrep-provider-options=${provider.join(';')}`,
    ...(others.length === 0 ? ['--wsrep-new-cluster'] : []),
  ];
}

/** Makes the system tables and the account, as a cluster of one node that stops in order by itself. */
async function makeData(
  { installer, server, base }: MariadbInstallation,
  node: Node,
  args: readonly string[],
  password: string,
): Promise<void> {
  await runProgram(installer, [
    '--no-defaults',
    ...AS_ROOT,
    `--basedir=${base}`,
    ...ownPlaces(node.folder),
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--innodb-flush-log-at-trx-commit=0',
  ]);
  const accounts = join(node.folder, 'accounts.sql');
  writeFileSync(
    accounts,
    [
      `DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';`,
      `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';`,
      `CREATE USER 'mcpgw'@'%' IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON *.* TO 'mcpgw'@'%' WITH GRANT OPTION;`,
      'SHUTDOWN;',
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  await runProgram(server, [...args, `--init-file=${accounts}`]);
  rmSync(accounts);
}

/**
 * The program a node runs to send or to receive the state of another (`wsrep_sst_<method>`): it sends nothing,
 * since the data is the same already, and says at which position that is, as the first node left it.
 */
function writeTransfer(node: Node, first: Node): void {
  const state = readFileSync(join(first.data, 'grastate.dat'), 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(state)?.[1] ?? '';
  const position = `${field('uuid')}:${field('seqno')}`;
  const sent = join(first.folder, 'sent');
  const folder = join(node.folder, 'bin');
  mkdirSync(folder);
  const script = join(folder, `wsrep_sst_${TRANSFER}`);
  writeFileSync(
    script,
    `#!/bin/sh
case " $* " in
  *" --role donor "*)
    echo continue
    : > "${sent}"
    echo "done ${position}" ;;
  *)
    echo "ready 127.0.0.1:1/none"
    while [ ! -e "${sent}" ]; do sleep 0.05; done
    echo "${position}" ;;
esac
`,
  );
  chmodSync(script, 0o755);
}

async function isSynced(port: number, password: string, size: number): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'mcpgw', password });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SHOW STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_cluster_size')`,
    );
    const status = new Map(rows.map((row) => [row.Variable_name, row.Value]));
    const [state, nodes] = [status.get('wsrep_local_state_comment'), status.get('wsrep_cluster_size')];
    if (state !== 'Synced' || Number(nodes) < size)
      throw new Error(`it is ${state} in a cluster of ${nodes}`);
  } finally {
    await connection.end();
  }
}
