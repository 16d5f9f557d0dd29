import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import { refuseSite } from '../migrate/site-objects.ts';
import { readRevisions, recogniseState, type State } from '../migrate/state.ts';
import { advise, ended, mcpgw, type Text } from '../report/advice.ts';
import { HISTORY_TABLE } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import {
  type Change,
  isEmpty,
  type Planned,
  type PlannedStep,
  type Reading,
  statementsOf,
} from './change.ts';
import { inSentence } from './failures.ts';
import { type DataStepId, historyTable } from './history.ts';

/** As of `Reading`; `check` is the plan that is made again to see that nothing of it is left. */
export type DataPurpose = Reading['purpose'] | 'check';

/** A step that has statements is recorded in our history under its id: `team:create`. */
export interface DataStep extends Omit<PlannedStep, 'checksum' | 'early' | 'rowsArriving'> {
  readonly id: DataStepId;
}

/** What a plan of rows has to have; what a command tells besides goes beside it. */
export interface DataFound {
  readonly steps: readonly DataStep[];
  readonly warnings: readonly Text[];
}

export type DataPlan<Found extends DataFound> = Omit<Found, 'steps'> & Planned & { readonly state: State };

export type DataChangeOptions<Found extends DataFound> = Pick<
  Change<never>,
  'what' | 'command' | 'reading' | 'now'
> & {
  /**
   * Reads what is there and works out every statement; throws USAGE or PREFLIGHT, with all that is wrong at once. It
   * is called again and again, so that ids and hashes that must stay the same are made outside of it, and what is as
   * wanted needs no statement: made again behind the last statement (`check`) it has to be empty.
   */
  plan(db: Connection, schema: Schema, purpose: DataPurpose): Promise<Found>;
  /** For what cannot tell by a plan made again whether it is done: whether it is, by another look. */
  isDone?(db: Connection, schema: Schema, plan: DataPlan<Found>): Promise<boolean>;
};

/**
 * The change of rows in a database at v0.7.0: what `team`, `user`, `assign`, `apply` and `import` are. On every
 * database it is one transaction, so that a run that is stopped, killed or refused has changed nothing.
 *
 * A command describes it and hands it to `makeChange`:
 *
 * ```ts
 * const now = new Date();
 * const change = dataChange({
 *   what: 'The change of the team',
 *   command: mcpgw('team', 'rename', team, name),
 *   reading: 'Reading teams',
 *   now,
 *   async plan(db, schema, purpose) {
 *     const found = await findTeam(db, team);
 *     const statements = found.name === name ? [] : updateRows(db, 'email_teams', ['id', [found.id]], { name, updated_at: now });
 *     return { steps: [{ id: 'team:rename', title: `Team ${found.name}`, statements }], warnings: [], found };
 *   },
 * });
 * return makeChange(session, options, { change, flags: {}, question: 'Rename this team now?', … });
 * ```
 *
 * Statements come from `src/database/rows.ts`: they name their table, by which it is locked, and count their rows. They
 * change rows only; a schema change in them would end the transaction on MySQL. A value in a `Secret` is not shown by
 * `--dry-run`. The plan that `describe`, `planned` and `done` get has what `plan` returned, and `schema` and `state`.
 *
 * @throws GatewayError (when it is planned) STATE on every database that is not at v0.7.0; PREFLIGHT for what a site
 *   has put on the tables that are written and that the change does not go together with; FAILED, with nothing
 *   changed, when something of the plan is left after it was run
 */
export function dataChange<Found extends DataFound>(
  options: DataChangeOptions<Found>,
): Change<DataPlan<Found>> {
  const { what, command, reading, now } = options;
  const planned = async (db: Connection, purpose: DataPurpose, there?: Schema): Promise<DataPlan<Found>> => {
    const { schema, state } = await readV070(db, what, there);
    const found = await options.plan(db, schema, purpose);
    const steps = found.steps.map(recorded);
    const history = schema.has(HISTORY_TABLE) ? [] : [makeHistory(db, schema)];
    const plan = { ...found, steps: isEmpty({ steps }) ? steps : [...history, ...steps], schema, state };
    const written = new Set(statementsOf(plan).flatMap(({ table }) => table ?? []));
    if (written.size === 0 || purpose === 'check') return plan;
    const notes = await refuseSite(db, what, { before: schema, after: schema, written, rowsOnly: true });
    return { ...plan, warnings: [...plan.warnings, ...notes.map((note) => ended(note))] };
  };
  /** What is still to be written; empty when all of it is done. */
  const left = async (db: Connection, plan: DataPlan<Found>) => {
    if (options.isDone === undefined) return statementsOf(await planned(db, 'check'));
    return (await options.isDone(db, plan.schema, plan)) ? [] : statementsOf(plan);
  };
  return {
    what,
    command,
    reading,
    needsOwner: false,
    rowsOnly: true,
    now,
    plan: (db, { purpose, schema }) => planned(db, purpose, schema),
    async check(db, plan) {
      const again = await left(db, plan);
      if (again.length === 0) return { rows: [], warnings: [] };
      throw new GatewayError('FAILED', 'Rows are not as they were written.', {
        details: again.slice(0, 5).map((statement) => statement.sql),
        hint: advise`A trigger of this site keeps them so. Turn it off meanwhile; database.site-objects lists them: ${mcpgw('doctor')}`,
      });
    },
    async look(db, plan) {
      if ((await left(db, plan)).length > 0) return false;
      const ofThisRun = sql`${sql.table(HISTORY_TABLE)} WHERE applied_at = ${db.dialect.timestamp(now)}`;
      return (
        (await countRows(db, ofThisRun)) >=
        plan.steps.filter(({ checksum = null }) => checksum !== null).length
      );
    },
    fate: async (db, plan) => ((await left(db, plan)).length === 0 ? 'done' : 'as before'),
  };
}

/**
 * The schema of a database at v0.7.0.
 *
 * @param what needs it: `The list of teams`
 * @param there the schema, when it was read before
 * @throws GatewayError STATE for every other state
 */
export async function readV070(
  db: Connection,
  what: string,
  there?: Schema,
): Promise<{ readonly schema: Schema; readonly state: State }> {
  const schema = there ?? (await db.dialect.readSchema(db));
  const state = recogniseState(schema, await readRevisions(db, schema));
  if (state.release === '0.7.0') return { schema, state };
  throw new GatewayError('STATE', `The database is ${state.description}; ${inSentence(what)} needs v0.7.0.`, {
    hint: advise`Run: ${mcpgw('migrate')}`,
  });
}

/** The step with a fingerprint of what it writes, but for secrets. */
function recorded(step: DataStep): PlannedStep {
  if (step.statements.length === 0) return step;
  const told = step.statements.map(({ sql: text, parameters, secrets }) => [
    text,
    parameters.map((value, place) => (secrets?.has(place) ? '***' : String(value))),
  ]);
  return { ...step, checksum: createHash('sha256').update(JSON.stringify(told)).digest('hex') };
}

/** A gateway that upgraded the database itself has not made it. */
function makeHistory({ dialect }: Connection, schema: Schema): PlannedStep {
  const { statements } = dialect.createTable(historyTable, schema);
  return { id: 'history', title: 'Table for our own history', statements, early: true };
}
