import { describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../../migrations/index.ts';
import { type Client, judgeClients } from '../../../src/doctor/mysql/blockers.ts';
import type { MysqlFacts } from '../../../src/doctor/mysql/facts.ts';

import { keyLength, primaryKeys, tableNames } from '../../../src/doctor/mysql/tables.ts';
import { judgeCluster, packet, readOnly, sqlMode } from '../../../src/doctor/mysql/variables.ts';
import { targetSchema } from '../../../src/migrate/record.ts';
import type { Table } from '../../../src/schema/model.ts';

// What is set for a whole server cannot be set on one that other tests use.

const HEALTHY = {
  innodb_default_row_format: 'dynamic',
  innodb_page_size: '16384',
  innodb_strict_mode: 'ON',
  lower_case_table_names: '0',
  max_allowed_packet: '16777216',
  read_only: 'OFF',
  sql_mode: 'IGNORE_SPACE,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
};

const target = targetSchema(MIGRATIONS);

function facts(variables: Readonly<Record<string, string>>, more: Partial<MysqlFacts> = {}): MysqlFacts {
  return {
    variables: new Map(Object.entries({ ...HEALTHY, ...variables })),
    grants: {
      database: 'mcp',
      account: "'gateway'@'%'",
      has: () => true,
      hasOn: () => true,
      hasGlobally: () => true,
    },
    tables: [],
    views: 0,
    unrestorable: [],
    schema: target,
    target,
    ...more,
  };
}

test('a healthy server is clean', () => {
  for (const each of [keyLength, packet, primaryKeys, readOnly, sqlMode, tableNames]) {
    expect([each.id, each.judge(facts({})).count]).toEqual([each.id, 0]);
  }
});

describe('variables of the server', () => {
  test.each([
    [readOnly, { read_only: 'ON' }, 'read_only is ON'],
    [readOnly, { super_read_only: 'ON' }, 'super_read_only is ON'],
    [readOnly, { read_only: 'NO_LOCK_NO_ADMIN' }, 'read_only is NO_LOCK_NO_ADMIN'],
    [readOnly, { transaction_read_only: 'ON' }, 'transaction_read_only is ON'],
    [
      readOnly,
      { innodb_force_recovery: '4' },
      'innodb_force_recovery is 4: the server was started to save its data only',
    ],
    [packet, { max_allowed_packet: '1048576' }, 'max_allowed_packet is 1.0 MB, less than 16 MB'],
    [
      sqlMode,
      { sql_mode: 'NO_ENGINE_SUBSTITUTION' },
      'without STRICT_TRANS_TABLES, values that are too long or invalid are cut or replaced',
    ],
    [
      sqlMode,
      { sql_mode: 'STRICT_ALL_TABLES,EMPTY_STRING_IS_NULL' },
      'under EMPTY_STRING_IS_NULL, empty texts become NULL, which many columns refuse',
    ],
    [
      sqlMode,
      { innodb_strict_mode: 'OFF' },
      'innodb_strict_mode is OFF: tables and keys that do not fit are made otherwise',
    ],
    [keyLength, { innodb_page_size: '8192' }, 'innodb_page_size is 8192: keys have at most 1536 bytes'],
  ])('%o: %o', (check, variables, line) => {
    const found = check.judge(facts(variables as Readonly<Record<string, string>>));
    expect(found.count).toBe(1);
    expect(found.sample).toEqual([line]);
  });

  test('the mode that the command sets is the one that is there, and strict', () => {
    expect(`${sqlMode.judge(facts({ sql_mode: 'ANSI_QUOTES,EMPTY_STRING_IS_NULL' })).command}`).toBe(
      "SET GLOBAL sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES';",
    );
  });

  test('a mode that is well is not set again', () => {
    expect(`${sqlMode.judge(facts({ innodb_strict_mode: 'OFF' })).command}`).toBe(
      'SET GLOBAL innodb_strict_mode = ON;',
    );
  });

  test('new tables in an old row format, while some are to come', () => {
    const old = { innodb_default_row_format: 'compact' };
    expect(keyLength.judge(facts(old)).count).toBe(0);
    const found = keyLength.judge(facts(old, { schema: new Map() }));
    expect(found.sample).toEqual(['new tables: innodb_default_row_format is compact']);
    expect(`${found.command}`).toBe('SET GLOBAL innodb_default_row_format = DYNAMIC;');
  });

  test.each(['sql_require_primary_key', 'innodb_force_primary_key', 'wsrep_on'])('%s', (name) => {
    const keyless: Table = { ...(target.get('tools') as Table), primaryKey: [] };
    const schema = new Map([...target, ['tools', keyless]]);
    expect(primaryKeys.judge(facts({}, { schema })).count).toBe(0);
    const found = primaryKeys.judge(facts({ [name]: 'ON' }, { schema }));
    expect(found.sample).toEqual([`tools has none, and ${name} is ON`]);
    expect(`${primaryKeys.command}`).toBe('mcpgw fix --only schema.primary-keys');
  });

  test('capitals do not matter where the server does not tell them apart', () => {
    const schema = new Map([['Tools', target.get('tools') as Table]]);
    expect(tableNames.judge(facts({ lower_case_table_names: '2' }, { schema })).count).toBe(0);
    const both = new Map([...schema, ...target]);
    const found = tableNames.judge(facts({}, { schema: both }));
    expect(found.sample).toEqual(['Tools, beside tools']);
    expect(found.command).toBeUndefined();
  });
});

describe('a Galera cluster', () => {
  const healthy = {
    wsrep_cluster_size: '3',
    wsrep_cluster_status: 'Primary',
    wsrep_ready: 'ON',
    wsrep_connected: 'ON',
    wsrep_local_state_comment: 'Synced',
    wsrep_flow_control_paused: '0',
  };
  const judge = (changes: Readonly<Record<string, string>>, method = 'TOI') =>
    judgeCluster(new Map(Object.entries({ ...healthy, ...changes })), method);

  test('that is whole', () => {
    expect(judge({})).toEqual({ count: 0, sample: ['3 nodes, in step'] });
    expect(judge({ wsrep_local_state_comment: 'Donor/Desynced' }).count).toBe(0);
  });

  test.each([
    [{ wsrep_cluster_status: 'non-Primary' }, 'wsrep_cluster_status is non-Primary'],
    [{ wsrep_ready: 'OFF' }, 'wsrep_ready is OFF'],
    [{ wsrep_local_state_comment: 'Joining' }, 'wsrep_local_state_comment is Joining'],
    [
      { wsrep_flow_control_paused: '0.9' },
      'wsrep_flow_control_paused is 0.9: a slow node holds up all writes',
    ],
  ])('%o', (changes, line) => {
    expect(judge(changes as Readonly<Record<string, string>>).sample).toEqual([line]);
  });

  test('whose schema changes stay on one node', () => {
    expect(judge({}, 'RSU').sample).toEqual(['wsrep_OSU_method is RSU: schema changes stay on this node']);
  });
});

describe('other connections', () => {
  const idle: Client = {
    id: '7',
    user: 'gateway',
    host: '10.0.0.7:41234',
    transactionS: null,
    statementS: null,
    state: '',
  };

  test('that are idle, or quick, hold nothing', () => {
    const quick = { ...idle, transactionS: 1, statementS: 1 };
    expect(judgeClients([idle, quick], true, new Map())).toEqual({ count: 0, sample: [] });
  });

  test('are named with how long and what, never with their text', () => {
    const busy = [
      { ...idle, transactionS: 61 },
      { ...idle, id: '8', statementS: 40, state: 'Waiting for table metadata lock' },
      { ...idle, id: '9' },
    ];
    const { count, sample } = judgeClients(busy, false, new Map([['9', 'tools, servers']]));
    expect(count).toBe(3);
    expect(sample).toEqual([
      'connection 7 (gateway@10.0.0.7): a transaction that is open for 61 s',
      'connection 8 (gateway@10.0.0.7): a statement that runs for 40 s (Waiting for table metadata lock)',
      'connection 9 (gateway@10.0.0.7): has locked tools, servers',
    ]);
  });
});
