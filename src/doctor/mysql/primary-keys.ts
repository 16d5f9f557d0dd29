import { CLEAN } from '../../checks/check.ts';
import { isOn, type MysqlFacts } from './facts.ts';
import { judged } from './judged.ts';

/** MySQL's and MariaDB's switch, and that of a cluster, which cannot tell rows apart without a key. */
const DEMANDS = ['sql_require_primary_key', 'innodb_force_primary_key', 'wsrep_on'] as const;

/** Every table of the migration has a primary key; those that are there may have lost theirs. */
export const primaryKeys = judged({
  id: 'database.sql-require-primary-key',
  title: 'Every table has the primary key that the server demands',
  level: 'warning',
  meaning:
    'A backup with such a table cannot be put back here, and a cluster does not keep its rows alike on all nodes.',
  command: '',
  judge(facts) {
    const demand = DEMANDS.find((name) => isOn(facts, name));
    if (demand === undefined) return CLEAN;
    const without = keyless(facts);
    return {
      count: without.length,
      sample: without.map((name) => `${name} has none, and ${demand} is ON`),
      hint: 'mcpgw fix brings back the primary keys of the gateway’s tables, where rows allow it.',
      command: without.length === 0 ? '' : 'mcpgw fix --only schema.primary-keys',
    };
  },
});

function keyless({ schema, target }: MysqlFacts): string[] {
  return [...schema.values()]
    .filter(({ name, primaryKey }) => target.has(name) && primaryKey.length === 0)
    .map(({ name }) => name);
}
