import { CLEAN, fine, found, foundEach } from '../../checks/check.ts';
import { quoteMysql as q } from '../../database/mysql/ddl.ts';
import { mcpgw, sqlCommand } from '../../report/advice.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { columnOf, type Table } from '../../schema/model.ts';
import { isOn, judged, type MysqlFacts } from './facts.ts';

/** Tables of another engine have no transactions and no foreign keys, and cannot be referred to by one. */
export const innodbTables = judged({
  id: 'database.innodb',
  title: 'The gateway’s tables are InnoDB',
  level: 'error',
  hint: 'Other engines have no transactions and no foreign keys, which the migration needs. Take a backup (mcpgw backup), then convert them; each is copied meanwhile.',
  preflight: 'refuse',
  judge: ({ tables }) =>
    foundEach(
      tables.filter(({ engine }) => engine !== 'InnoDB'),
      ({ name, engine }) => `${name}: ${engine || 'the server cannot read it'}`,
      ({ name }) => `ALTER TABLE ${q(name)} ENGINE=InnoDB;`,
    ),
});

/** MySQL manual, "InnoDB Limits": bytes of one column in a key, by row format … */
const OLD_FORMAT_BYTES = 767;
/** … and of a whole key, by page size. */
const KEY_BYTES: Readonly<Record<string, number>> = { '4096': 768, '8192': 1536 };
const isOld = (rowFormat = '') => /^(compact|redundant)$/i.test(rowFormat);

/** The keys that a migration makes must fit into what row format and page size allow. */
export const keyLength = judged({
  id: 'database.key-length',
  title: 'The keys of v0.7.0 fit into the tables',
  level: 'error',
  hint: 'The migration would stop part-way with “Specified key was too long”. These row formats take 767 bytes of a column into a key; DYNAMIC takes 3072. Take a backup (mcpgw backup), then convert; each table is copied meanwhile.',
  preflight: 'refuse',
  judge(facts) {
    const { schema, tables, target, variables } = facts;
    const pageSize = variables.get('innodb_page_size') ?? '';
    const pageLimit = KEY_BYTES[pageSize];
    if (pageLimit !== undefined) {
      const hint =
        'The page size of a server is chosen when its data folder is made: move the database to a server with pages of 16384 bytes.';
      return found([`innodb_page_size is ${pageSize}: keys have at most ${pageLimit} bytes`], { hint });
    }
    const old = tables
      .filter(({ name, rowFormat }) => isOld(rowFormat) && hasLongKeys(facts, name))
      .map(({ name, rowFormat }) => [
        `${name}: ROW_FORMAT=${rowFormat.toUpperCase()}`,
        `ALTER TABLE ${q(name)} ROW_FORMAT=DYNAMIC;`,
      ]);
    const format = variables.get('innodb_default_row_format');
    const setDefault = 'SET GLOBAL innodb_default_row_format = DYNAMIC;';
    if (isOld(format) && [...target.keys()].some((name) => !schema.has(name))) {
      old.unshift([`new tables: innodb_default_row_format is ${format}`, setDefault]);
    }
    return foundEach(
      old,
      ([line = '']) => line,
      ([, statement = '']) => statement,
    );
  },
});

/** Whether the migration gives a table a key on a column with more bytes than the old row formats take. */
function hasLongKeys({ schema, target }: MysqlFacts, name: string): boolean {
  const [now, then] = [schema.get(name), target.get(name)];
  if (now === undefined || then === undefined) return false;
  const keysOf = ({ uniques, indexes }: Table) =>
    [...uniques, ...indexes].map(({ columns }) => columns.join(','));
  const has = new Set(keysOf(now));
  return keysOf(then)
    .filter((key) => !has.has(key))
    .flatMap((key) => key.split(','))
    .some((column) => bytesOf(columnOf(now, column) ?? columnOf(then, column)) > OLD_FORMAT_BYTES);
}

const CHARACTER_BYTES: Readonly<Record<string, number>> = { latin1: 1, ascii: 1, utf8: 3, utf8mb3: 3 };
const UTF8MB4_BYTES = 4;

/** What is there has its own character set; what is added is utf8mb4. */
function bytesOf(column: ReturnType<typeof columnOf>): number {
  const charset = column?.collation?.split('_')[0] ?? '';
  return (column?.length ?? 0) * (CHARACTER_BYTES[charset] ?? UTF8MB4_BYTES);
}

/** Where the server tells capitals from small letters, a table in other letters is another table. */
export const tableNames = judged({
  id: 'database.lower-case-table-names',
  title: 'Tables are named as the gateway names them',
  level: 'error',
  hint: 'This server tells capitals from small letters in names of tables (lower_case_table_names=0), so the gateway does not see these. They come from a server on Windows or macOS, most likely. Take a backup, then rename them; where both are there, see first which of the two has the rows.',
  preflight: 'refuse',
  judge({ schema, target, variables }) {
    const setting = variables.get('lower_case_table_names') ?? '';
    const isOther = (name: string) => !target.has(name) && target.has(name.toLowerCase());
    const others = setting === '0' ? [...schema.keys()].filter(isOther) : [];
    if (others.length === 0) return fine(`lower_case_table_names is ${setting}`);
    const isBeside = (name: string) => schema.has(name.toLowerCase());
    const renamed = others
      .filter((name) => !isBeside(name))
      .map((name) => `${q(name)} TO ${q(name.toLowerCase())}`);
    return found(
      others.map((name) => (isBeside(name) ? `${name}, beside ${name.toLowerCase()}` : name)),
      { command: renamed.length === 0 ? undefined : sqlCommand(`RENAME TABLE ${renamed.join(', ')};`) },
    );
  },
});

/** MySQL's and MariaDB's switch, and that of a cluster, which cannot tell rows apart without a key. */
const DEMANDS = ['sql_require_primary_key', 'innodb_force_primary_key', 'wsrep_on'] as const;

/** Every table of the migration has a primary key; those that are there may have lost theirs. */
export const primaryKeys = judged({
  id: 'database.sql-require-primary-key',
  title: 'Every table has the primary key that the server demands',
  level: 'warning',
  hint: 'A backup with such a table cannot be put back here, and a cluster does not keep its rows alike on all nodes. mcpgw fix brings back the primary keys of the gateway’s tables, where rows allow it.',
  command: mcpgw('fix', '--only', 'schema.primary-keys'),
  judge(facts) {
    const demand = DEMANDS.find((name) => isOn(facts, name));
    if (demand === undefined) return CLEAN;
    const ours = [...facts.schema.values()].filter(({ name }) => facts.target.has(name));
    const without = ours.filter(({ primaryKey }) => primaryKey.length === 0);
    return found(without.map(({ name }) => `${name} has none, and ${demand} is ON`));
  },
});

const NAMED = 3;

/** How large things are; the server tells nobody how much room it has. */
export const space = judged({
  id: 'database.space',
  title: 'Size of the database',
  level: 'info',
  hint: '',
  judge({ tables, schema }) {
    const data = tables.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
    const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
    const largest = tables.toSorted((a, b) => b.bytes - a.bytes).slice(0, NAMED);
    // A table that is rebuilt is there twice for a while.
    const copied = largest.find(({ name }) => schema.has(name));
    return fine(
      `data ${inMegabytes(data)}, indexes ${inMegabytes(all - data)}`,
      ...largest.map(({ name, bytes }) => `${name}: ${inMegabytes(bytes)}`),
      ...(copied === undefined
        ? []
        : [`free on the server for a copy of one table: ${inMegabytes(copied.bytes)} or more`]),
    );
  },
});
