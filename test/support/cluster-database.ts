import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { runSql } from './run-sql.ts';

/** The nodes of a Galera cluster, by URL; none when this run has no cluster (`npm test` starts one). */
export const GALERA_NODES: readonly string[] = (process.env.TEST_GALERA_URLS ?? '')
  .split(',')
  .filter((url) => url !== '');

/** An empty database on all nodes for the test that is running, with its URL on each of them. */
export async function clusterDatabase(): Promise<{
  readonly name: string;
  readonly urls: readonly string[];
}> {
  const name = `mcpgw_test_${randomBytes(6).toString('hex')}`;
  const [node = ''] = GALERA_NODES;
  await runSql('mysql', node, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  onTestFinished(() => runSql('mysql', node, `DROP DATABASE ${name}`).then(() => undefined));
  const urls = GALERA_NODES.map((given) => {
    const url = new URL(given);
    url.pathname = `/${name}`;
    return url.href;
  });
  return { name, urls };
}
