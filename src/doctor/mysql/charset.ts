import { CLEAN } from '../../checks/check.ts';
import { quoteMysql as q } from '../../database/mysql/ddl.ts';
import type { Table } from '../../schema/model.ts';
import type { MysqlFacts } from './facts.ts';
import { judged } from './judged.ts';

/**
 * Characters beyond what a column can hold are refused, or replaced by question marks without strict mode. The
 * migration itself works: what it adds is utf8mb4 whatever is there.
 */
export const charset = judged({
  id: 'database.charset',
  title: 'Texts are stored in utf8mb4',
  level: 'warning',
  meaning:
    'Names and descriptions with characters outside of the character set, such as emoji, cannot be saved. The migration works all the same: what it adds is utf8mb4.',
  command: '',
  judge(facts) {
    const { variables, grants } = facts;
    const collation = variables.get('collation_database') ?? '';
    const wanted = isUtf8mb4(collation) ? collation : (commonCollation(facts) ?? 'utf8mb4_unicode_ci');
    const tables = tablesOutside(facts);
    const sample = [
      ...(isUtf8mb4(collation) ? [] : [`the database has ${collation} by default`]),
      ...tables.map(({ name, collations }) => `${name}: columns in ${collations.join(', ')}`),
    ];
    if (sample.length === 0) return { ...CLEAN, sample: [collation] };
    const into = `CHARACTER SET utf8mb4 COLLATE ${wanted}`;
    return {
      count: sample.length,
      sample,
      hint: 'Stop the gateway, take a backup (mcpgw backup), and convert what is named; the tables are copied meanwhile.',
      command: [
        ...(isUtf8mb4(collation) ? [] : [`ALTER DATABASE ${q(grants.database)} ${into};`]),
        ...convert(facts, tables, into),
      ].join(' '),
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
function convert(
  { schema }: MysqlFacts,
  tables: readonly { readonly name: string }[],
  into: string,
): readonly string[] {
  if (tables.length === 0) return [];
  const converted = new Set(tables.map(({ name }) => name));
  const keys = [...schema.values()].flatMap((child) =>
    child.foreignKeys
      .filter((key) => converted.has(child.name) || converted.has(key.table))
      .map((key) => ({ child, key })),
  );
  const add = ({ child, key }: { child: Table; key: Table['foreignKeys'][number] }) =>
    `ALTER TABLE ${q(child.name)} ADD CONSTRAINT ${q(key.name ?? '')} FOREIGN KEY (${q(key.column)}) ` +
    `REFERENCES ${q(key.table)} (${q(key.references)})${key.onDelete === null ? '' : ` ON DELETE ${key.onDelete}`};`;
  return [
    'SET SESSION foreign_key_checks = 0;',
    ...keys.map(({ child, key }) => `ALTER TABLE ${q(child.name)} DROP FOREIGN KEY ${q(key.name ?? '')};`),
    ...tables.map(({ name }) => `ALTER TABLE ${q(name)} CONVERT TO ${into};`),
    ...keys.map(add),
    'SET SESSION foreign_key_checks = 1;',
  ];
}
