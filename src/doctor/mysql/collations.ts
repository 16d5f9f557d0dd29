import type { Findings } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { quoteMysql as q } from '../../database/mysql/ddl.ts';
import { type Column, columnOf, type ForeignKey } from '../../schema/model.ts';
import { judged, type MysqlFacts } from './facts.ts';

/**
 * Characters beyond what a column can hold are refused, or replaced by question marks without strict mode. The
 * migration itself works: what it adds is utf8mb4 whatever is there.
 */
export const charset = judged({
  id: 'database.charset',
  title: 'Texts are stored in utf8mb4',
  level: 'warning',
  hint: 'Names and descriptions with characters outside of the character set, such as emoji, cannot be saved. The migration works all the same: what it adds is utf8mb4.',
  judge(facts) {
    const { variables, grants } = facts;
    const collation = variables.get('collation_database') ?? '';
    const wanted = isUtf8mb4(collation) ? collation : (commonCollation(facts) ?? 'utf8mb4_unicode_ci');
    const into = `CHARACTER SET utf8mb4 COLLATE ${wanted}`;
    const tables = tablesOutside(facts);
    const sample = tables.map(({ name, collations }) => `${name}: columns in ${collations.join(', ')}`);
    const commands = tables.length === 0 ? [] : convert(facts, new Set(tables.map(({ name }) => name)), into);
    if (!isUtf8mb4(collation)) {
      sample.unshift(`the database has ${collation} by default`);
      commands.unshift(`ALTER DATABASE ${q(grants.database)} ${into};`);
    }
    if (sample.length === 0) return { ...CLEAN, sample: [collation] };
    return {
      count: sample.length,
      sample,
      hint: 'Stop the gateway, take a backup (mcpgw backup), and convert what is named; the tables are copied meanwhile.',
      command: commands.join(' '),
    };
  },
});

const isUtf8mb4 = (collation: string) => collation.startsWith('utf8mb4');

/** The gateway's tables with columns of texts that are not utf8mb4. */
function tablesOutside({ schema, target }: MysqlFacts) {
  return [...schema.values()]
    .filter(({ name }) => target.has(name))
    .map(({ name, columns }) => {
      const found = columns.map(({ collation }) => collation ?? '').filter((c) => c !== '' && !isUtf8mb4(c));
      return { name, collations: [...new Set(found)] };
    })
    .filter(({ collations }) => collations.length > 0);
}

/** What the other tables have, so that all compare with each other afterwards. */
function commonCollation({ schema }: MysqlFacts): string | undefined {
  return [...schema.values()]
    .flatMap(({ columns }) => columns.map(({ collation }) => collation ?? ''))
    .find((collation) => isUtf8mb4(collation) && !collation.endsWith('_bin'));
}

/** Neither server changes a column that a foreign key holds: those go meanwhile. */
function convert({ schema }: MysqlFacts, converted: ReadonlySet<string>, into: string): string[] {
  const keys = [...schema.values()].flatMap(({ name, foreignKeys }) =>
    foreignKeys
      .filter((key) => converted.has(name) || converted.has(key.table))
      .map((key) => ({ ...key, key: q(key.name ?? ''), alter: `ALTER TABLE ${q(name)}` })),
  );
  return [
    'SET SESSION foreign_key_checks = 0;',
    ...keys.map(({ alter, key }) => `${alter} DROP FOREIGN KEY ${key};`),
    ...[...converted].map((name) => `ALTER TABLE ${q(name)} CONVERT TO ${into};`),
    ...keys.map(
      ({ alter, key, column, table, references, onDelete }) =>
        `${alter} ADD CONSTRAINT ${key} FOREIGN KEY (${q(column)}) ` +
        `REFERENCES ${q(table)} (${q(references)})${onDelete === null ? '' : ` ON DELETE ${onDelete}`};`,
    ),
    'SET SESSION foreign_key_checks = 1;',
  ];
}

/** InnoDB compares the columns of its keys byte by byte; it lets two collations in only while it does not look. */
export const keyCollations = judged({
  id: 'database.key-collations',
  title: 'Foreign keys are between columns of one collation',
  level: 'error',
  hint: 'The server refuses every later change of such a table (“are incompatible”): the migration would stop part-way.',
  preflight: 'refuse',
  judge: (facts) => findings(pairsOf(facts).filter(({ isKey }) => isKey)),
});

/** Two columns of one character set and two collations do not compare: error 1267. */
export const collations = judged({
  id: 'database.collations',
  title: 'Columns that refer to each other compare',
  level: 'warning',
  hint: 'A query of the gateway that joins the two ends in “Illegal mix of collations”, and no foreign key can be made between them.',
  judge: (facts) => findings(pairsOf(facts).filter(({ isKey }) => !isKey)),
});

interface Pair {
  readonly table: string;
  readonly column: Column;
  readonly key: ForeignKey;
  readonly parent: Column;
  /** Whether the foreign key of v0.7.0 is there already. */
  readonly isKey: boolean;
}

/** Columns of v0.7.0's foreign keys that are there and have another collation than what they refer to. */
function pairsOf({ schema, target }: MysqlFacts): readonly Pair[] {
  return [...target.values()].flatMap(({ name, foreignKeys }) =>
    foreignKeys.flatMap((key) => {
      const table = schema.get(name);
      const column = columnOf(table, key.column);
      const parent = columnOf(schema.get(key.table), key.references);
      if (column?.collation == null || parent?.collation == null) return [];
      if (column.collation === parent.collation) return [];
      const isKey = table?.foreignKeys.some((there) => there.column === key.column) ?? false;
      return [{ table: name, column, key, parent, isKey }];
    }),
  );
}

function findings(pairs: readonly Pair[]): Findings {
  return {
    count: pairs.length,
    sample: pairs.map(
      ({ table, column, key, parent }) =>
        `${table}.${column.name} is ${column.collation}, ${key.table}.${parent.name} is ${parent.collation}`,
    ),
    hint: 'Take a backup (mcpgw backup), then give the column the collation of the one that it refers to.',
    command: ['SET SESSION foreign_key_checks = 0;', ...pairs.map(modify)].join(' '),
  };
}

function modify({ table, column, parent }: Pair): string {
  const collation = parent.collation ?? '';
  const type = `${column.type} CHARACTER SET ${collation.split('_')[0]} COLLATE ${collation}`;
  const rest = `${column.nullable ? '' : ' NOT NULL'}${column.default === null ? '' : ` DEFAULT ${column.default}`}`;
  return `ALTER TABLE ${q(table)} MODIFY ${q(column.name)} ${type}${rest};`;
}
