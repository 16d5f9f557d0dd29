import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { datetime, id, integer, string, table } from '../schema/define.ts';
import { HISTORY_TABLE } from '../schema/gateway-tables.ts';
import type { Schema, Table } from '../schema/model.ts';
import { DEFAULT_ROLES } from '../seed/default-roles.ts';
import type { Settings } from '../settings/settings.ts';
import { checksums } from './record.ts';

/** `mcpgw_migration`: one row for each step each time it changed something. */
export const historyTable: Table = table(
  HISTORY_TABLE,
  {
    id: id(),
    step: string(64),
    checksum: string(64),
    tool_version: string(32),
    applied_at: datetime(),
    duration_ms: integer(),
    rows_written: integer(),
  },
  { primaryKey: ['id'] },
);

export interface HistoryRow {
  readonly step: string;
  readonly checksum: string;
  readonly tool_version: string;
  readonly applied_at: unknown;
  readonly duration_ms: number;
  readonly rows_written: number;
}

/** Steps of a run that are not migrations; their checksum covers what they write. */
export const SEED_STEP = 'seed';
export const OWNERSHIP_STEP = 'ownership';

/** Every step that a database at v0.7.0 has been through, with its checksum. */
export function stepChecksums(): ReadonlyMap<string, string> {
  const seed = createHash('sha256').update(JSON.stringify(DEFAULT_ROLES)).digest('hex');
  return new Map([...checksums(MIGRATIONS), [SEED_STEP, seed]]);
}

export async function readHistory(db: Connection, schema: Schema): Promise<readonly HistoryRow[]> {
  if (!schema.has(HISTORY_TABLE)) return [];
  return db.query<HistoryRow>(
    sql`SELECT step, checksum, tool_version, applied_at, duration_ms, rows_written
        FROM ${sql.table(HISTORY_TABLE)} ORDER BY id`,
  );
}

/** Whether a migration of this tool has been through every step; the gateway's own upgrade leaves some of them to it. */
export async function hasEveryStep(
  db: Connection,
  schema: Schema,
  { emailAuthEnabled }: Pick<Settings, 'emailAuthEnabled'>,
): Promise<boolean> {
  const made = new Set((await readHistory(db, schema)).map(({ step }) => step));
  return [...stepChecksums().keys()].every(
    (step) => made.has(step) || (step === SEED_STEP && !emailAuthEnabled),
  );
}

/**
 * Steps that did something else when they ran than they would do now, and steps this version does not know.
 * Only the last run of each step counts.
 */
export function historyWarnings(history: readonly HistoryRow[]): string[] {
  const known = stepChecksums();
  const last = new Map(history.map((row) => [row.step, row]));
  return [...last.values()].flatMap(({ step, checksum, tool_version: version }) => {
    const today = known.get(step);
    if (today === undefined) {
      return [`Step ${step} was run by mcpgw ${version} and is unknown to this one: use mcpgw ${version}.`];
    }
    if (today === checksum) return [];
    return [
      `Step ${step}, as mcpgw ${version} ran it, is not what this mcpgw would run: it was edited after its release. See what differs with: mcpgw verify`,
    ];
  });
}

export function historyRow(db: Connection, row: HistoryRow): Statement {
  return insertRow(db, row);
}

/** The same before the run: what only the run will know is said in words. */
export function plannedHistoryRow(
  db: Connection,
  known: Pick<HistoryRow, 'step' | 'checksum' | 'tool_version'>,
): Statement {
  return insertRow(db, {
    ...known,
    applied_at: '<time of the run>',
    duration_ms: '<milliseconds it took>',
    rows_written: '<rows written>',
  });
}

function insertRow(db: Connection, row: Readonly<Record<keyof HistoryRow, unknown>>): Statement {
  return db.compile(
    sql`INSERT INTO ${sql.table(HISTORY_TABLE)}
          (step, checksum, tool_version, applied_at, duration_ms, rows_written)
        VALUES (${row.step}, ${row.checksum}, ${row.tool_version}, ${row.applied_at}, ${row.duration_ms},
                ${row.rows_written})`,
  );
}
