import type { Statement } from './statement.ts';

/** Statements around a write that keep columns from being changed by a trigger of the site. */
export interface KeepColumns {
  readonly on: readonly Statement[];
  readonly off: readonly Statement[];
}
