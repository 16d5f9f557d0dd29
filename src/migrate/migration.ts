import type { TableChanges } from '../schema/changed.ts';
import type { Schema, Table } from '../schema/model.ts';

/**
 * One step of our own migrations. `up` describes where the schema must arrive; what is there already is left
 * alone, so that the same step finishes a crashed upgrade, adopts a database the gateway upgraded itself,
 * and does nothing the second time.
 *
 * A migration never reads the database: it sees the schema in its context, so it runs the same against a
 * database and against nothing at all (which is how the target schema of `verify` is made).
 */
export interface Migration {
  /** Four digits and a name; recorded in `mcpgw_migration`. Never changed once released. */
  readonly id: string;
  readonly title: string;
  /** What `down` does, for people; where it is left out, it undoes what `title` says. */
  readonly downTitle?: string;
  /** Steps that give rows an owner run after the owner was seeded. */
  readonly when: 'before-seed' | 'after-seed';
  up(m: MigrationContext): void;
  /** Takes `up` back, for `mcpgw rollback`. */
  down(m: MigrationContext): void;
}

export interface MigrationContext {
  /** The schema as this step finds it, with the changes of earlier steps in it. */
  readonly schema: Schema;
  /** The values that rows without an owner get; each null where rows are to stay unassigned. */
  readonly ownership: OwnershipValues;
  /** Creates the table when it is missing; an existing one is left as it is. */
  createTable(definition: Table): void;
  /** Creates the table, or adds to an existing one what it lacks. */
  ensureTable(definition: Table): void;
  /** Changes an existing table; every part that is as wanted already is skipped. */
  changeTable(name: string, changes: TableChanges): void;
  dropTable(name: string): void;
  /** Drops a table that is a copy of another, once all its rows are proven to be in the other. */
  dropCopy(name: string, of: string): void;
}

export interface OwnershipValues {
  readonly teamId: string | null;
  readonly ownerEmail: string | null;
  readonly visibility: string;
}
