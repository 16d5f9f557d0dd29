import { findDangling } from '../migrate/prepare.ts';
import { type ForeignKey, sameColumnSet, type Table } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { missingColumnHints } from './missing-columns.ts';
import { RUN_MIGRATE } from './needs-migration.ts';
import { changeTables, hasColumns, pendingPart } from './schema-part.ts';

interface MissingKey {
  readonly table: string;
  readonly key: ForeignKey;
  /** A foreign key of this column that points elsewhere, or does something else when its row goes. */
  readonly different: boolean;
  /** Rows that point at nothing; null when its column, or the key it points at, is not there. */
  readonly dangling: number | null;
}

async function missingKeys(context: CheckContext): Promise<MissingKey[]> {
  const { db, schema, mended } = context;
  const missing: MissingKey[] = [];
  const pending = pendingPart(context, (definition) => ({ addForeignKeys: definition.foreignKeys }));
  for (const { table, pending: changes } of pending) {
    for (const key of changes.addForeignKeys ?? []) {
      const possible = hasColumns(table, [key.column]) && isKey(schema.get(key.table), key.references);
      const [found] =
        possible && !mended.has(`${table.name}.${key.column}`)
          ? await findDangling(db, [{ table: table.name, key }], schema)
          : [];
      missing.push({
        table: table.name,
        key,
        different: changes.dropForeignKeys?.includes(key.column) ?? false,
        dangling: possible ? (found?.rows ?? 0) : null,
      });
    }
  }
  return missing;
}

/** A foreign key can only point at what tells rows apart. */
function isKey(table: Table | undefined, column: string): boolean {
  const keys = [table?.primaryKey ?? [], ...(table?.uniques ?? []).map((unique) => unique.columns)];
  return hasColumns(table, [column]) && keys.some((columns) => sameColumnSet(columns, [column]));
}

function described(table: string, { column, table: parent, references, onDelete }: ForeignKey): string {
  return `${table}.${column} → ${parent}.${references}${onDelete === null ? '' : `, on delete ${onDelete.toLowerCase()}`}`;
}

/** What has to be done before the rest can be added. */
function hintsFor({ schema }: CheckContext, obstacles: readonly MissingKey[]): string[] {
  const unmet = obstacles.filter(({ dangling }) => dangling === null);
  const lost = unmet.flatMap(({ table, key }) => [
    ...(hasColumns(schema.get(table), [key.column]) ? [] : [{ table, column: key.column }]),
    ...(!schema.has(key.table) || hasColumns(schema.get(key.table), [key.references])
      ? []
      : [{ table: key.table, column: key.references }]),
  ]);
  const tables = unmet.some(({ key }) => !schema.has(key.table));
  const keys = unmet.filter(
    ({ key }) =>
      hasColumns(schema.get(key.table), [key.references]) && !isKey(schema.get(key.table), key.references),
  );
  return [
    ...(obstacles.length > unmet.length
      ? ['For rows that point at nothing: mcpgw fix --only foreign-keys,ownership,schema']
      : []),
    ...new Set([...(tables ? [RUN_MIGRATE] : []), ...missingColumnHints(lost)]),
    ...(keys.length > 0
      ? ['What they point at has no key: schema.primary-keys and schema.uniques say more.']
      : []),
  ];
}

/** Every foreign key is there and does what it should when the row it points at goes. */
export const schemaForeignKeys: Check = {
  id: 'schema.foreign-keys',
  title: 'Foreign keys',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema.foreign-keys',
  async find(context) {
    const missing = await missingKeys(context);
    const obstacles = missing.filter(({ dangling }) => dangling !== 0);
    return {
      count: missing.length,
      sample: missing.map(({ table, key, different, dangling }) => {
        const why =
          dangling === null
            ? ', and so is what it needs'
            : dangling > 0
              ? `, and ${dangling} ${dangling === 1 ? 'row points' : 'rows point'} at nothing`
              : '';
        return `${described(table, key)}: the foreign key is ${different ? 'another one' : 'missing'}${why}`;
      }),
      unfixable: obstacles.length,
      ...(obstacles.length > 0
        ? {
            hint: hintsFor(context, obstacles).join('\n'),
          }
        : {}),
    };
  },
  async repair(context) {
    const addable = (await missingKeys(context)).filter(({ dangling }) => dangling === 0);
    const tables = [...new Set(addable.map(({ table }) => table))];
    return changeTables(
      context,
      tables.map((table) => {
        const keys = addable.filter((missing) => missing.table === table);
        return {
          table,
          changes: {
            dropForeignKeys: keys.filter(({ different }) => different).map(({ key }) => key.column),
            addForeignKeys: keys.map(({ key }) => key),
          },
          summary: keys.map(({ key }) => `${described(table, key)}: the foreign key is added`),
        };
      }),
    );
  },
};
