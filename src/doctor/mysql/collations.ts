import { CLEAN } from '../../checks/check.ts';
import { quoteMysql as q } from '../../database/mysql/ddl.ts';
import { type Column, columnOf, type ForeignKey } from '../../schema/model.ts';
import type { DoctorFindings } from '../examination.ts';
import type { MysqlFacts } from './facts.ts';
import { judged } from './judged.ts';

/** InnoDB compares the columns of its keys byte by byte; it lets two collations in only while it does not look. */
export const keyCollations = judged({
  id: 'database.key-collations',
  title: 'Foreign keys are between columns of one collation',
  level: 'error',
  meaning:
    'The server refuses every later change of such a table (“are incompatible”): the migration would stop part-way.',
  command: '',
  preflight: 'refuse',
  judge: (facts) => findings(pairsOf(facts).filter(({ isKey }) => isKey)),
});

/** Two columns of one character set and two collations do not compare: error 1267. */
export const collations = judged({
  id: 'database.collations',
  title: 'Columns that refer to each other compare',
  level: 'warning',
  meaning:
    'A query of the gateway that joins the two ends in “Illegal mix of collations”, and no foreign key can be made between them.',
  command: '',
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

function findings(pairs: readonly Pair[]): DoctorFindings {
  if (pairs.length === 0) return CLEAN;
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
