import { type Findings, fine, found, foundEach } from '../../checks/check.ts';
import { quoteMysql as q } from '../../database/mysql/ddl.ts';
import { sqlCommand } from '../../report/advice.ts';
import { type Column, columnOf } from '../../schema/model.ts';
import { judged, type MysqlFacts } from './facts.ts';

const isUtf8mb4 = (collation: string) => collation.startsWith('utf8mb4');
const collationsOf = ({ columns }: { readonly columns: readonly Column[] }) =>
  columns.map(({ collation }) => collation ?? '').filter((collation) => collation !== '');

/**
 * Characters beyond what a column can hold are refused, or replaced by question marks without strict mode. The
 * migration itself works: what it adds is utf8mb4 whatever is there.
 */
export const charset = judged({
  id: 'database.charset',
  title: 'Texts are stored in utf8mb4',
  level: 'warning',
  hint: 'Texts with characters outside of the character set, such as emoji, cannot be saved; the migration works all the same. Stop the gateway, take a backup (mcpgw backup), and convert what is named; the tables are copied meanwhile.',
  judge(facts) {
    const { variables, grants, schema, target } = facts;
    const all = [...schema.values()];
    const byDefault = variables.get('collation_database') ?? '';
    // What the other tables have, so that all compare with each other afterwards.
    const common = all
      .flatMap(collationsOf)
      .find((collation) => isUtf8mb4(collation) && !collation.endsWith('_bin'));
    const wanted = isUtf8mb4(byDefault) ? byDefault : (common ?? 'utf8mb4_unicode_ci');
    const into = `CHARACTER SET utf8mb4 COLLATE ${wanted}`;
    const others = all
      .filter(({ name }) => target.has(name))
      .map((table) => ({
        name: table.name,
        others: new Set(collationsOf(table).filter((c) => !isUtf8mb4(c))),
      }))
      .filter((table) => table.others.size > 0);
    const lines = others.map((table) => `${table.name}: columns in ${[...table.others].join(', ')}`);
    const commands = convert(facts, new Set(others.map(({ name }) => name)), into);
    if (!isUtf8mb4(byDefault)) {
      lines.unshift(`the database has ${byDefault} by default`);
      commands.unshift(`ALTER DATABASE ${q(grants.database)} ${into};`);
    }
    return lines.length === 0 ? fine(byDefault) : found(lines, { command: sqlCommand(...commands) });
  },
});

/** Statements beside which no foreign key is looked at. */
const unchecked = (statements: readonly string[]) => [
  'SET SESSION foreign_key_checks = 0;',
  ...statements,
  'SET SESSION foreign_key_checks = 1;',
];

/** Neither server changes a column that a foreign key holds: those go meanwhile. */
function convert({ schema }: MysqlFacts, converted: ReadonlySet<string>, into: string): string[] {
  if (converted.size === 0) return [];
  const keys = [...schema.values()].flatMap(({ name, foreignKeys }) =>
    foreignKeys
      .filter((key) => converted.has(name) || converted.has(key.table))
      .map((key) => ({ ...key, key: q(key.name ?? ''), alter: `ALTER TABLE ${q(name)}` })),
  );
  return unchecked([
    ...keys.map(({ alter, key }) => `${alter} DROP FOREIGN KEY ${key};`),
    ...[...converted].map((name) => `ALTER TABLE ${q(name)} CONVERT TO ${into};`),
    ...keys.map(
      ({ alter, key, column, table, references, onDelete }) =>
        `${alter} ADD CONSTRAINT ${key} FOREIGN KEY (${q(column)}) ` +
        `REFERENCES ${q(table)} (${q(references)})${onDelete === null ? '' : ` ON DELETE ${onDelete}`};`,
    ),
  ]);
}

const SAME_COLLATION =
  'Take a backup (mcpgw backup), then give the column the collation of the one that it refers to.';

/** InnoDB compares the columns of its keys byte by byte; it lets two collations in only while it does not look. */
export const keyCollations = judged({
  id: 'database.key-collations',
  title: 'Foreign keys are between columns of one collation',
  level: 'error',
  hint: `The server refuses every later change of such a table (“are incompatible”). ${SAME_COLLATION}`,
  preflight: 'refuse',
  judge: (facts) => differences(facts, true),
});

/** Two columns of one character set and two collations do not compare: error 1267. */
export const collations = judged({
  id: 'database.collations',
  title: 'Columns that refer to each other compare',
  level: 'warning',
  hint: `A query of the gateway that joins the two ends in “Illegal mix of collations”. ${SAME_COLLATION}`,
  judge: (facts) => differences(facts, false),
});

/**
 * Columns of v0.7.0's foreign keys that are there and have another collation than what they refer to.
 *
 * @param areKeys whether those whose foreign key is there already, or those without
 */
function differences({ schema, target }: MysqlFacts, areKeys: boolean): Findings {
  const pairs = [...target.values()].flatMap(({ name, foreignKeys }) =>
    foreignKeys.flatMap((key) => {
      const table = schema.get(name);
      const column = columnOf(table, key.column);
      const parent = columnOf(schema.get(key.table), key.references);
      if (column?.collation == null || parent?.collation == null) return [];
      const isKey = table?.foreignKeys.some((there) => there.column === key.column) ?? false;
      if (column.collation === parent.collation || isKey !== areKeys) return [];
      return [{ name, column, parent, refers: `${key.table}.${parent.name}`, wanted: parent.collation }];
    }),
  );
  const differing = foundEach(
    pairs,
    ({ name, column, refers, wanted }) =>
      `${name}.${column.name} is ${column.collation}, ${refers} is ${wanted}`,
    ({ name, column, wanted }) => {
      const type = `${column.type} CHARACTER SET ${wanted.split('_')[0]} COLLATE ${wanted}`;
      const byDefault = column.default === null ? '' : ` DEFAULT ${column.default}`;
      return `ALTER TABLE ${q(name)} MODIFY ${q(column.name)} ${type}${column.nullable ? '' : ' NOT NULL'}${byDefault};`;
    },
  );
  return {
    ...differing,
    command: sqlCommand('SET SESSION foreign_key_checks = 0;', ...(differing.command?.words ?? [])),
  };
}
