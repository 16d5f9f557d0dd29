import { expect, it } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { TableChanges } from '../../src/schema/changed.ts';
import { allRows } from './all-rows.ts';
import type { TestDialect } from './database-kinds.ts';
import { describeEachDatabase } from './databases.ts';
import { type MigratedDatabase, migratedDatabase } from './migrated-database.ts';
import { fix, problems, verify } from './run-checks.ts';

export interface Defect {
  /** Where it can be planted; everywhere unless told. */
  readonly on?: readonly TestDialect[];
  plant(at: MigratedDatabase): Promise<unknown>;
  /** All the lines `verify` shows, in any order. A text stands for a line that has it. */
  readonly findings: readonly (string | RegExp)[];
  /** Other checks that fail of necessity. */
  readonly also?: readonly string[];
  /** How many of the findings `fix` leaves; none unless told. */
  readonly remaining?: number;
  /** Tables whose rows the repair is meant to change. */
  readonly changes?: readonly string[];
  /** What else is to be so after the repair. */
  readonly after?: (at: MigratedDatabase) => Promise<unknown>;
}

/**
 * For each database: the check finds nothing in a clean one; each planted defect is exactly its finding and
 * no other check's; its repair takes it away, touches no other row, and has nothing to do the second time.
 */
export function describeDefects(check: Check, defects: Readonly<Record<string, Defect>>): void {
  describeEachDatabase(check.id, ({ id, dialect }) => {
    it('finds nothing in a clean database', async () => {
      const at = await migratedDatabase(id);
      const [report] = await verify(at, [check]);
      expect(report).toMatchObject({ id: check.id, status: 'passed', count: 0, findings: [] });
      expect((await fix(at, [check])).steps).toEqual([]);
    });

    for (const [name, defect] of Object.entries(defects)) {
      it.skipIf(!(defect.on ?? [dialect]).includes(dialect))(name, async () => {
        const at = await migratedDatabase(id);
        await defect.plant(at);
        await expectFinding(at, check, defect);
        await expectRepair(at, check, defect);
      });
    }
  });
}

async function expectFinding(at: MigratedDatabase, check: Check, defect: Defect): Promise<void> {
  const found = problems(await verify(at, DATA_CHECKS));
  expect(Object.keys(found).toSorted()).toEqual([check.id, ...(defect.also ?? [])].toSorted());
  const report = found[check.id];
  expect(report).toMatchObject({
    status: check.level === 'error' ? 'failed' : 'warned',
    count: defect.findings.length,
    fixable: (defect.remaining ?? 0) < defect.findings.length,
  });
  expect(report?.hint).toMatch(/\w{3}/);
  if (report?.fixable) expect(report.hint).toContain('mcpgw fix');
  const lines = [...(report?.findings ?? [])];
  for (const expected of defect.findings) {
    const place = lines.findIndex((line) =>
      typeof expected === 'string' ? line.includes(expected) : expected.test(line),
    );
    expect(place, `a finding ${expected} in:\n${report?.findings.join('\n')}`).toBeGreaterThanOrEqual(0);
    lines.splice(place, 1);
  }
}

async function expectRepair(at: MigratedDatabase, check: Check, defect: Defect): Promise<void> {
  const count = defect.findings.length;
  const remaining = defect.remaining ?? 0;
  const before = await at.withConnection(allRows);
  const first = await fix(at, [check]);
  expect(first.checks[0]).toMatchObject({ repaired: count - remaining, remaining });
  expect(first.clean).toBe(remaining === 0 || check.level === 'warning');
  expect(first.steps.length).toBe(count > remaining ? 1 : 0);
  const after = await at.withConnection(allRows);
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (table) => JSON.stringify(before[table]) !== JSON.stringify(after[table]),
  );
  expect(changed.toSorted()).toEqual([...(defect.changes ?? [])].toSorted());
  await defect.after?.(at);
  expect((await fix(at, [check])).steps).toEqual([]);
  const [report] = await verify(at, [check]);
  const left = check.level === 'error' ? 'failed' : 'warned';
  expect(report).toMatchObject({ status: remaining === 0 ? 'passed' : left, count: remaining });
}

/**
 * Plants by SQL, on a connection that enforces no foreign key. PostgreSQL is told that it never checked them: of
 * rows that break one that it has, none is mended.
 */
export function unenforced(sql: string): Defect['plant'] {
  const off: Record<TestDialect, string> = {
    sqlite: 'PRAGMA foreign_keys = OFF',
    postgresql: 'SET session_replication_role = replica',
    mysql: 'SET foreign_key_checks = 0',
  };
  const unchecked =
    "; SET allow_system_table_mods = on; UPDATE pg_constraint SET convalidated = false WHERE contype = 'f'";
  return ({ database }) =>
    database.query(`${off[database.dialect]}; ${sql}${database.dialect === 'postgresql' ? unchecked : ''}`);
}

/** Plants by changing tables the way a migration does. */
export function changing(
  ...changes: readonly (readonly [table: string, changes: TableChanges])[]
): Defect['plant'] {
  return ({ withConnection }) =>
    withConnection(async (db) => {
      for (const [table, wanted] of changes) await changeTable(db, table, wanted);
    });
}

async function changeTable(db: Connection, name: string, changes: TableChanges): Promise<void> {
  const schema = await db.dialect.readSchema(db);
  const table = schema.get(name);
  if (table === undefined) throw new Error(`no table ${name} to change`);
  for (const statement of db.dialect.changeTable(table, changes, schema).statements) await db.run(statement);
}
