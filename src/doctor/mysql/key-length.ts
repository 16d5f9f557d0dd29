import { CLEAN } from '../../checks/check.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { columnOf, type Table } from '../../schema/model.ts';
import type { MysqlFacts } from './facts.ts';
import { judged } from './judged.ts';

/** MySQL manual, "InnoDB Limits": bytes of one column in a key, by row format … */
const OLD_FORMAT_BYTES = 767;
/** … and of a whole key, by page size. */
const KEY_BYTES: Readonly<Record<string, number>> = { '4096': 768, '8192': 1536 };
const UTF8MB4_BYTES = 4;

/** The keys that a migration makes must fit into what row format and page size allow. */
export const keyLength = judged({
  id: 'database.key-length',
  title: 'The keys of v0.7.0 fit into the tables',
  level: 'error',
  meaning:
    'The migration would stop part-way with “Specified key was too long”: a key of an email address or a name takes 1020 bytes and more.',
  command: '',
  preflight: 'refuse',
  judge(facts) {
    const { tables, target, variables } = facts;
    const pageLimit = KEY_BYTES[variables.get('innodb_page_size') ?? ''];
    if (pageLimit !== undefined) {
      return {
        count: 1,
        sample: [
          `innodb_page_size is ${variables.get('innodb_page_size')}: keys have at most ${pageLimit} bytes`,
        ],
        hint: 'The page size of a server is chosen when its data folder is made: move the database to a server with pages of 16384 bytes.',
        command: '',
      };
    }
    const old = tables.filter(
      ({ name, rowFormat }) =>
        isOld(rowFormat) && [...newKeys(facts, name)].some((b) => b > OLD_FORMAT_BYTES),
    );
    const format = variables.get('innodb_default_row_format') ?? '';
    const comeOld = isOld(format) && [...target.keys()].some((name) => !facts.schema.has(name));
    if (old.length === 0 && !comeOld) return CLEAN;
    return {
      count: old.length + (comeOld ? 1 : 0),
      sample: [
        ...old.map(({ name, rowFormat }) => `${name}: ROW_FORMAT=${rowFormat.toUpperCase()}`),
        ...(comeOld ? [`new tables: innodb_default_row_format is ${format}`] : []),
      ],
      hint: 'These row formats take 767 bytes of a column into a key; DYNAMIC takes 3072. Take a backup (mcpgw backup), then convert; each table is copied meanwhile.',
      command: [
        ...(comeOld ? ['SET GLOBAL innodb_default_row_format = DYNAMIC;'] : []),
        ...old.map(({ name }) => `ALTER TABLE ${quoteMysql(name)} ROW_FORMAT=DYNAMIC;`),
      ].join(' '),
    };
  },
});

const isOld = (rowFormat: string) => /^(compact|redundant)$/i.test(rowFormat);

/** Bytes of each column in keys that a table has after the migration and does not have now. */
function newKeys({ schema, target }: MysqlFacts, name: string): readonly number[] {
  const [now, then] = [schema.get(name), target.get(name)];
  if (now === undefined || then === undefined) return [];
  const has = new Set(keysOf(now));
  return keysOf(then)
    .filter((key) => !has.has(key))
    .flatMap((key) => key.split(','))
    .map((column) => bytesOf(columnOf(now, column) ?? columnOf(then, column)));
}

function keysOf({ uniques, indexes }: Table): string[] {
  return [...uniques, ...indexes].map(({ columns }) => columns.join(','));
}

/** What is there has its own character set; what is added is utf8mb4. */
function bytesOf(column: ReturnType<typeof columnOf>): number {
  if (column === undefined || column.length === null) return 0;
  const charset = column.collation?.split('_')[0];
  const bytes =
    charset === 'latin1' || charset === 'ascii'
      ? 1
      : charset === 'utf8mb3' || charset === 'utf8'
        ? 3
        : UTF8MB4_BYTES;
  return column.length * bytes;
}
