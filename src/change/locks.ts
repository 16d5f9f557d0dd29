import type { Dialect, LockDescription } from '../database/dialect.ts';
import type { EffectKind, Statement } from '../database/statement.ts';
import { plural } from '../report/plural.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import { type Planned, statementsOf } from './change.ts';

/** So many tables are named; more are counted. */
const SHOWN = 3;

/** One line of what a run keeps others from, and why. */
export interface TableLock {
  readonly table: string;
  readonly lock: string;
  readonly why: string;
}

/** From the slowest to the fastest, with how each reads for a number of statements. */
const KINDS: Readonly<Record<EffectKind, (statements: number) => string>> = {
  rebuild: () => 'the table is copied: time grows with its rows',
  index: (n) => `${plural(n, 'index', 'indexes')} built over all rows`,
  rows: (n) => `rows written (${plural(n, 'statement')})`,
  scan: (n) => `all rows read to check ${plural(n, 'rule')}`,
  drop: () => 'dropped',
  metadata: (n) => `${plural(n, 'change')} of the definition only, whatever its size`,
};

export interface TablesToLock {
  /** Nobody else may use these. */
  readonly changed: readonly string[];
  /** Nobody else may write to these. */
  readonly others: readonly string[];
}

/**
 * What a run locks before its first statement.
 *
 * @param tables every table that is there
 */
export function tablesToLock(
  plan: Pick<Planned, 'changed' | 'steps'>,
  tables: Iterable<string>,
): TablesToLock {
  const statements = statementsOf(plan);
  const touched = (names: readonly (string | undefined)[]): ReadonlySet<string> =>
    new Set(names.filter((name) => name !== undefined));
  const changed = touched(plan.changed ?? statements.map(({ effect }) => effect?.table));
  const others = plan.changed === undefined ? touched(statements.map((s) => s.table)) : GATEWAY_TABLES;
  const sorted = [...tables].toSorted();
  return {
    changed: sorted.filter((name) => changed.has(name)),
    others: sorted.filter((name) => others.has(name) && !changed.has(name)),
  };
}

/**
 * What a run of this plan locks, table by table.
 *
 * @returns empty for a plan without statements
 */
export function lockImpact(
  { locks }: Pick<Dialect, 'locks'>,
  plan: Omit<Planned, 'warnings'>,
  { rowsOnly = false }: { readonly rowsOnly?: boolean | undefined } = {},
): TableLock[] {
  const statements = statementsOf(plan);
  const { changed, others } = tablesToLock(plan, plan.schema.keys());
  const isNone = plan.changed === undefined && changed.length + others.length === 0;
  if (statements.length === 0 || isNone) return [];
  const lines = [
    ...(locks.whole === null ? [] : [locks.whole]),
    ...changed.map((table) => lockOfChanged(locks, statements, table)),
  ];
  if (plan.changed === undefined) {
    const lock = (rowsOnly ? locks.writtenOnly : undefined) ?? locks.written;
    const written = (table: string) => ({ ...lockOfChanged(locks, statements, table), lock });
    return [...lines, ...others.map(written)];
  }
  if (locks.others === null || others.length === 0) return lines;
  const table = others.length > SHOWN ? `${others.length} other tables` : others.join(', ');
  return [...lines, { table, ...locks.others }];
}

/** What a restore that replaces these tables locks. */
export function restoreLocks({ replaced }: LockDescription, tables: readonly string[]): TableLock[] {
  const table = replaced.table ?? (tables.length > SHOWN ? `${tables.length} tables` : tables.join(', '));
  return table === '' ? [] : [{ ...replaced, table }];
}

function lockOfChanged(locks: LockDescription, statements: readonly Statement[], table: string): TableLock {
  const kinds = countKinds(statements, table);
  const why = (Object.keys(KINDS) as EffectKind[]).flatMap((kind) => {
    const n = kinds.get(kind);
    return n === undefined ? [] : [KINDS[kind](n)];
  });
  return { table, lock: locks.changed(new Set(kinds.keys())), why: why.join('; ') };
}

function countKinds(statements: readonly Statement[], table: string): ReadonlyMap<EffectKind, number> {
  const kinds = new Map<EffectKind, number>();
  for (const { effect, counts, table: written } of statements) {
    const kind =
      effect?.table === table ? effect.kind : counts !== undefined && written === table ? 'rows' : undefined;
    if (kind !== undefined) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}
