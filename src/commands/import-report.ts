import type { ImportPlan } from '../configuration/import/import.ts';
import type { Action } from '../configuration/import/plan-rows.ts';
import { isSecret } from '../configuration/import/types.ts';
import { jsonText, type Value } from '../database/value.ts';
import { plural } from '../report/plural.ts';
import type { DraftSection } from '../report/report.ts';
import { section } from '../report/section.ts';

/** So many rows of a list are shown, but with `--verbose` and to programs. */
const SHOWN = 50;
const LONGEST = 60;
const COUNTED = ['create', 'update', 'unchanged', 'delete'] as const;

/** What an import does, counted by type and listed. */
export function importSections(plan: ImportPlan, all: boolean): DraftSection[] {
  return [
    ...section('import', 'Rows of the file', ['type', ...COUNTED], countRows(plan)),
    ...limited('changes', 'What is written', ['what', 'row', 'how'], changesOf(plan), all),
    ...limited('notes', 'To know', ['row', 'note'], plan.notes, all),
  ];
}

/** The same in a line for each type, for the person who is asked. */
export function importLines(plan: ImportPlan): string[] {
  return countRows(plan).map(([table, ...counts]) => {
    const told = COUNTED.map((what, i) => `${counts[i]} ${what}`).filter((_, i) => counts[i] !== 0);
    return `${table}: ${told.join(', ')}`;
  });
}

function countRows({ actions, links }: ImportPlan): [string, ...number[]][] {
  const counts = [...actions].map(([table, planned]): [string, ...number[]] => [
    table,
    ...COUNTED.map((what) => planned.filter((action) => action.what === what).length),
  ]);
  return links.size === 0 ? counts : [...counts, ['what servers offer', 0, links.size, 0, 0]];
}

function changesOf({ actions, links }: ImportPlan): string[][] {
  return [...actions.values()]
    .flat()
    .filter(({ what, id }) => what !== 'unchanged' || links.has(id))
    .map((action) => {
      const how = [action.what === 'update' ? columnsOf(action) : '', links.get(action.id) ?? ''];
      const what = action.what === 'unchanged' ? 'update' : action.what;
      return [what, action.name, how.filter((text) => text !== '').join('; ')];
    });
}

function columnsOf({ row, before, type }: Action): string {
  const told = (name: string) =>
    isSecret(type, name) ? `${name}: *** → ***` : `${name}: ${short(before[name])} → ${short(row[name])}`;
  return Object.keys(row).map(told).join('; ');
}

function short(value: Value | undefined): string {
  const text = jsonText(value ?? null);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function limited(
  id: string,
  title: string,
  columns: readonly string[],
  rows: ImportPlan['notes'] | readonly (readonly string[])[],
  all: boolean,
) {
  const isLong = !all && rows.length > SHOWN;
  const told = isLong ? `${title} (${SHOWN} of ${plural(rows.length, 'row')}; --verbose shows all)` : title;
  return section(id, told, columns, isLong ? rows.slice(0, SHOWN) : rows);
}
