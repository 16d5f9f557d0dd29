import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import { rowCounts } from '../database/row-counts.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { findAdmin } from '../seed/find-admin.ts';
import type { Settings } from '../settings/settings.ts';
import type { Plan, PlannedStep } from './plan.ts';
import { readPlanFacts } from './read-facts.ts';
import { type Recording, record } from './record.ts';
import { type Duplicates, findDuplicates } from './rollback-duplicates.ts';
import { findLosses, type Loss } from './rollback-losses.ts';
import { REVISION, readRevisions, recogniseState } from './state.ts';

export interface RollbackPlan extends Pick<Plan, 'state' | 'changed' | 'schema' | 'rowsBefore' | 'warnings'> {
  /** What is left to undo, latest first; empty when the database is at v0.6.0. */
  readonly steps: readonly PlannedStep[];
  /** The schema that it leads to. */
  readonly after: Schema;
  /** Tables that go. */
  readonly dropped: readonly string[];
  /** Rows beyond the seeded ones that go with them. */
  readonly losses: readonly Loss[];
  /** Rows that lose their team, owner and visibility, for each table that has any. */
  readonly disowned: ReadonlyMap<string, number>;
  /** Rows that v0.6.0 does not allow. */
  readonly duplicates: readonly Duplicates[];
}

/** Reads the database and works out every statement that takes it back to v0.6.0. Writes nothing. */
export async function makeRollbackPlan(
  db: Connection,
  settings: Pick<Settings, 'platformAdminEmail' | 'adminEmailIsDefault'>,
): Promise<RollbackPlan> {
  const schema = await db.dialect.readSchema(db);
  const state = recogniseState(schema, await readRevisions(db, schema));
  if (state.kind === 'empty') {
    throw new GatewayError('STATE', 'The database is empty: there is nothing to roll back.', {
      hint: 'Check that DATABASE_URL points at the gateway’s database. Nothing was changed.',
    });
  }
  const recording = await recordRollback(db, schema);
  const tables = [...schema.keys()];
  const rowsBefore = await rowCounts(db, tables);
  const dropped = tables.filter((name) => !recording.schema.has(name));
  const holdsData = dropped.filter((name) => !LEFTOVER_COPIES.has(name));
  const step = (id: string, title: string, statements: readonly Statement[]): PlannedStep => ({
    id,
    title,
    statements,
    rowsArriving: 0,
    checksum: null,
  });
  const history = schema.has(HISTORY_TABLE) ? [db.dialect.dropTable(HISTORY_TABLE)] : [];
  const revision =
    state.revision === REVISION.v060
      ? []
      : [db.compile(sql`UPDATE alembic_version SET version_num = ${REVISION.v060}`)];
  const steps = [
    ...recording.steps.map(({ migration, statements }) =>
      step(migration.id, migration.downTitle ?? `Undo: ${migration.title}`, statements),
    ),
    step('history', 'Remove the table of our own history', history),
    step('revision', `Revision ${REVISION.v060}`, revision),
  ];
  return {
    state,
    steps: steps.filter(({ statements }) => statements.length > 0),
    changed: [...recording.steps.flatMap((s) => s.changed), ...(history.length > 0 ? [HISTORY_TABLE] : [])],
    schema,
    after: recording.schema,
    rowsBefore,
    disowned: disownedRows(schema, rowsBefore),
    dropped: history.length > 0 ? [...dropped, HISTORY_TABLE] : dropped,
    losses: await findLosses(db, schema, holdsData, await findAdmin(db, schema, settings)),
    duplicates: await findDuplicates(db, schema),
    warnings: [...recording.warnings, ...(await exposed(db, schema))],
  };
}

/** v0.6.0 has none of these columns; a run that was interrupted may have dropped some. */
function disownedRows(schema: Schema, rows: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const owned = OWNED_TABLES.filter(({ name }) =>
    ['team_id', 'owner_email', 'visibility'].some(
      (column) => columnOf(schema.get(name), column) !== undefined,
    ),
  );
  return new Map(owned.map(({ name }) => [name, rows.get(name) ?? 0] as const).filter(([, n]) => n > 0));
}

/** What is left to undo of the migrations in a database with this schema. */
export async function recordRollback(db: Connection, schema: Schema): Promise<Recording> {
  const facts = await readPlanFacts(db, schema);
  const { unboundedStrings } = db.dialect;
  const nobody = { teamId: null, ownerEmail: null, visibility: 'private' };
  return record(MIGRATIONS, 'down', schema, db.dialect, { ...facts, unboundedStrings }, nobody);
}

/** v0.6.0 knows no visibility. */
async function exposed(db: Connection, schema: Schema): Promise<string[]> {
  const warnings: string[] = [];
  for (const { name } of OWNED_TABLES) {
    if (columnOf(schema.get(name), 'visibility') === undefined) continue;
    const [row] = await db.query<{ n: unknown }>(
      sql<{
        n: unknown;
      }>`SELECT count(*) AS n FROM ${sql.table(name)} WHERE visibility IN ('private', 'team')`,
    );
    const rows = Number(row?.n ?? 0);
    if (rows > 0) {
      warnings.push(
        `${name}: ${rows} rows are for their owner or team only; v0.6.0 shows them to everybody.`,
      );
    }
  }
  return warnings;
}
