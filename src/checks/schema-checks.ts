import { sql } from 'kysely';
import type { Check as CheckConstraint } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { changeTables, hasColumns, pendingPart } from './schema-part.ts';

interface MissingConstraint {
  readonly table: string;
  readonly constraint: CheckConstraint;
  /** One of that name that holds another rule. */
  readonly different: boolean;
  /** Rows that it would not allow; null when its columns are not there. */
  readonly against: number | null;
}

async function missingConstraints(context: CheckContext): Promise<MissingConstraint[]> {
  const missing: MissingConstraint[] = [];
  const pending = pendingPart(context, (definition) => ({ addChecks: definition.checks }));
  for (const { table, pending: changes } of pending) {
    for (const constraint of changes.addChecks ?? []) {
      const columns = (context.target.get(table.name)?.columns ?? [])
        .map(({ name }) => name)
        .filter((name) => new RegExp(`\\b${name}\\b`).test(constraint.expression));
      const mended = columns.some((name) => context.mended.has(`${table.name}.${name}`));
      const against = !hasColumns(table, columns)
        ? null
        : mended
          ? 0
          : await rowsAgainst(context, table.name, constraint);
      const different = changes.dropChecks?.includes(constraint.name) ?? false;
      missing.push({ table: table.name, constraint, different, against });
    }
  }
  return missing;
}

async function rowsAgainst(
  { db }: CheckContext,
  table: string,
  { expression }: CheckConstraint,
): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(
    sql`SELECT count(*) AS n FROM ${sql.table(table)} WHERE NOT (${sql.raw(expression)})`,
  );
  return Number(row?.n ?? 0);
}

/** Every check constraint of the target is there under its name, and holds its rule. */
export const schemaChecks: Check = {
  id: 'schema.checks',
  title: 'Check constraints',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema.checks',
  async find(context) {
    const missing = await missingConstraints(context);
    const obstacles = missing.filter(({ against }) => against !== 0);
    return {
      count: missing.length,
      sample: missing.map(({ table, constraint, different, against }) => {
        const why =
          against === null
            ? ', and its column too'
            : against > 0
              ? `, and ${against} ${against === 1 ? 'row does' : 'rows do'} not keep to it`
              : '';
        return `${table}: ${constraint.name} (${constraint.expression}) is ${different ? 'another one' : 'missing'}${why}`;
      }),
      unfixable: obstacles.length,
      ...(obstacles.length > 0
        ? { hint: 'Mend the rows first, with: mcpgw fix --only team.visibility,schema.checks' }
        : {}),
    };
  },
  async repair(context) {
    const addable = (await missingConstraints(context)).filter(({ against }) => against === 0);
    return changeTables(
      context,
      addable.map(({ table, constraint, different }) => ({
        table,
        changes: { dropChecks: different ? [constraint.name] : [], addChecks: [constraint] },
        summary: [`${table}: ${constraint.name} is added`],
      })),
    );
  },
};
