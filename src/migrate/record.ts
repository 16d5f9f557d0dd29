import { createHash } from 'node:crypto';
import type { Dialect } from '../database/dialect.ts';
import type { Statement } from '../database/statement.ts';
import { withChanges } from '../schema/changed.ts';
import type { Schema, Table } from '../schema/model.ts';
import { changesTowards, type Facts, pendingChanges } from '../schema/pending.ts';
import type { Migration, MigrationContext, OwnershipValues } from './migration.ts';

/** The part of a dialect that writes schema changes. */
export type Ddl = Pick<Dialect, 'createTable' | 'changeTable' | 'dropTable'>;

export interface RecordFacts extends Facts {
  /** Rows of a leftover copy that are not in the table it is a copy of. */
  missingFrom(copy: string): number;
}

export interface RecordedStep {
  readonly migration: Migration;
  readonly statements: readonly Statement[];
  /** Tables that the step changes and that were there before. */
  readonly changed: readonly string[];
  /** Columns that it adds to those, as `table.column`. */
  readonly added: ReadonlySet<string>;
  /** It gives tools their display names, some of which this database's SQL may not be able to make. */
  readonly names: boolean;
}

export interface Recording {
  readonly steps: readonly RecordedStep[];
  readonly schema: Schema;
  readonly warnings: readonly string[];
  /** What columns that hold NULL are filled with, as SQL over their row: `table.column` and the expression. */
  readonly fills: ReadonlyMap<string, string>;
}

/**
 * Runs migrations against a schema instead of a database and records the statements that are missing.
 *
 * @param direction `down` runs them in reverse order
 */
export function record(
  migrations: readonly Migration[],
  direction: 'up' | 'down',
  start: Schema,
  ddl: Ddl,
  facts: RecordFacts,
  ownership: OwnershipValues,
): Recording {
  const schema = new Map(start);
  const warnings: string[] = [];
  const fills = new Map<string, string>();
  const steps = (direction === 'up' ? migrations : migrations.toReversed()).map((migration): RecordedStep => {
    const statements: Statement[] = [];
    const changed = new Set<string>();
    const added = new Set<string>();
    let names = false;
    const context: MigrationContext = {
      schema,
      ownership,
      createTable(definition) {
        if (schema.has(definition.name)) return;
        const change = ddl.createTable(definition, schema);
        statements.push(...change.statements);
        schema.set(definition.name, change.table);
      },
      ensureTable(definition) {
        const existing = schema.get(definition.name);
        if (existing === undefined) context.createTable(definition);
        else context.changeTable(definition.name, changesTowards(existing, definition));
      },
      changeTable(name, changes) {
        const table = schema.get(name);
        const pending = table === undefined ? null : pendingChanges(table, changes, facts);
        if (table === undefined || pending === null) return;
        const change = ddl.changeTable(table, pending, schema);
        statements.push(...change.statements);
        for (const { column, value } of pending.fills ?? []) {
          if (value.kind === 'expression') fills.set(`${name}.${column}`, value.sql);
        }
        schema.set(name, change.table);
        if (!start.has(name)) return;
        changed.add(name);
        for (const { column } of pending.addColumns ?? []) added.add(`${name}.${column.name}`);
        const values = [...(pending.addColumns ?? []), ...(pending.fills ?? [])].map(({ value }) => value);
        names ||= values.some((value) => value?.kind === 'display-name');
      },
      dropTable(name) {
        if (!schema.delete(name)) return;
        statements.push(ddl.dropTable(name));
        if (start.has(name)) changed.add(name);
      },
      dropCopy(name, of) {
        if (!schema.has(name)) return;
        const missing = facts.missingFrom(name);
        if (missing === 0) context.dropTable(name);
        else {
          warnings.push(
            `${name} is kept: ${missing} of its rows are not in ${of}. Look at them before you drop it yourself.`,
          );
        }
      },
    };
    migration[direction](context);
    return { migration, statements, changed: [...changed], added, names };
  });
  return { steps, schema, warnings, fills };
}

/** Describes tables without writing SQL. */
const NO_SQL: Ddl = {
  createTable: (table) => ({ statements: [], table }),
  changeTable: (table, changes) => ({ statements: [], table: withChanges(table, changes) }),
  dropTable: (name) => ({ sql: `DROP TABLE ${name}`, parameters: [] }),
};

const NO_FACTS: RecordFacts = { nulls: () => 0, zonedTimes: true, missingFrom: () => 0 };
const NOBODY: OwnershipValues = { teamId: null, ownerEmail: null, visibility: 'public' };

/** The schema that the migrations lead to: the one expectation of everything that checks a schema. */
export function targetSchema(migrations: readonly Migration[]): Schema {
  return record(migrations, 'up', new Map(), NO_SQL, NO_FACTS, NOBODY).schema;
}

/**
 * A fingerprint of what each migration does, by id: recorded when it runs, so that a later release notices
 * a step that was edited after it was released.
 */
export function checksums(migrations: readonly Migration[]): ReadonlyMap<string, string> {
  const calls = new Map<string, string>();
  let log: unknown[] = [];
  const logging: Ddl = {
    createTable(table, schema) {
      log.push(['create', table]);
      return NO_SQL.createTable(table, schema);
    },
    changeTable(table: Table, changes, schema) {
      log.push(['change', table.name, changes]);
      return NO_SQL.changeTable(table, changes, schema);
    },
    dropTable(name) {
      log.push(['drop', name]);
      return NO_SQL.dropTable(name);
    },
  };
  let schema: Schema = new Map();
  for (const migration of migrations) {
    log = [migration.id];
    ({ schema } = record([migration], 'up', schema, logging, NO_FACTS, NOBODY));
    // A comment is no part of what a step does to the schema.
    const text = JSON.stringify(log, (key, value) => (key === 'comment' ? undefined : value));
    calls.set(migration.id, createHash('sha256').update(text).digest('hex'));
  }
  return calls;
}
