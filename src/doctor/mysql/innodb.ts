import { CLEAN } from '../../checks/check.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { judged } from './judged.ts';

/** Tables of another engine have no transactions and no foreign keys, and cannot be referred to by one. */
export const innodbTables = judged({
  id: 'database.innodb',
  title: 'The gateway’s tables are InnoDB',
  level: 'error',
  meaning:
    'Other engines have no transactions and no foreign keys: half of a change stays when the gateway is stopped in the middle, and the migration cannot link such a table to its team.',
  command: '',
  preflight: 'refuse',
  judge({ tables }) {
    const others = tables.filter(({ engine }) => engine !== 'InnoDB');
    if (others.length === 0) return CLEAN;
    return {
      count: others.length,
      sample: others.map(({ name, engine }) =>
        engine === '' ? `${name}: the server cannot read it` : `${name}: ${engine}`,
      ),
      hint: 'Take a backup (mcpgw backup), then convert them; each is copied meanwhile.',
      command: others.map(({ name }) => `ALTER TABLE ${quoteMysql(name)} ENGINE=InnoDB;`).join(' '),
    };
  },
});

/** The migration names InnoDB; the gateway’s own tables to come, and what it leaves to the server, do not. */
export const storageEngine = judged({
  id: 'database.storage-engine',
  title: 'New tables become InnoDB',
  level: 'warning',
  meaning:
    'A later release of the gateway makes its tables without naming an engine: they would have no transactions and no foreign keys.',
  command: "SET GLOBAL default_storage_engine = 'InnoDB';",
  judge({ variables }) {
    const engine = variables.get('default_storage_engine') ?? '';
    const enforced = variables.get('enforce_storage_engine') ?? '';
    const sample = [
      ...(engine.toLowerCase() === 'innodb' ? [] : [`default_storage_engine is ${engine}`]),
      ...(enforced === '' || enforced.toLowerCase() === 'innodb'
        ? []
        : [`enforce_storage_engine is ${enforced}`]),
    ];
    return sample.length === 0 ? CLEAN : { count: sample.length, sample };
  },
});
