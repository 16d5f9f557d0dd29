import type { Change } from '../../change/change.ts';
import { type DataPlan, dataChange } from '../../change/data-change.ts';
import { type ImportFound, type ImportOptions, planImport } from './plan-import.ts';

export type ImportPlan = DataPlan<ImportFound>;

/**
 * The change that brings a configuration into a database at v0.7.0: creates what is missing and, in mode `replace`,
 * makes what is there equal to it.
 */
export function importing(options: ImportOptions): Change<ImportPlan> {
  return dataChange<ImportFound>({
    what: 'The import',
    command: options.command,
    reading: 'Comparing the file with what is here',
    now: options.now,
    plan: (db, schema, purpose) => planImport(db, schema, options, purpose),
  });
}
