import type { Change } from '../../change/change.ts';
import { type DataPlan, dataChange } from '../../change/data-change.ts';
import { type Command, mcpgw } from '../../report/advice.ts';
import { type ImportFound, type ImportOptions, planImport } from './plan-import.ts';

export type ImportPlan = DataPlan<ImportFound>;

/**
 * The change that brings a configuration into a database at v0.7.0: creates what is missing and, in mode `replace`,
 * makes what is there equal to it.
 *
 * @param words of the command that starts it again
 */
export function importing(options: ImportOptions, words: readonly string[]): Change<ImportPlan> {
  const command: Command = mcpgw('import', ...words);
  return dataChange<ImportFound>({
    what: 'The import',
    command,
    reading: 'Comparing the file with what is here',
    now: options.now,
    plan: (db, schema) => planImport(db, schema, options),
  });
}
