import type { ImportPlan } from '../configuration/import/import.ts';
import type { Action } from '../configuration/import/plan-rows.ts';
import { jsonText } from '../database/value.ts';
import { plural } from '../report/plural.ts';
import type { DraftSection } from '../report/report.ts';
import { section } from '../report/section.ts';

/** So many rows of a list are shown, but with `--verbose` and to programs. */
const SHOWN = 50;
const LONGEST = 60;
/** What may hold a credential besides the columns for those. */
const SHY: ReadonlySet<string> = new Set(['headers', 'config', 'client_secret_encrypted', 'password_hash']);

const WORDS = { create: 'create', update: 'update', unchanged: 'unchanged', delete: 'delete' } as const;

/** What an import does, counted by type and listed. */
export function importSections(plan: ImportPlan, all: boolean): DraftSection[] {
  return [...countsSection(plan), ...listSection(plan, all), ...notesSection(plan, all)];
}

/** The same in a line for each type, for the person who is asked. */
export function importLines(plan: ImportPlan): string[] {
  return countRows(plan).map(([table, ...counts]) => {
    const told = counts.map((n, i) => (n === 0 ? '' : `${n} ${COUNTED[i]}`)).filter((text) => text !== '');
    return `${table}: ${told.join(', ')}`;
  });
}

const COUNTED = ['created', 'updated', 'unchanged', 'deleted'];

function countRows({ actions, accounts, links }: ImportPlan): [string, ...number[]][] {
  const rows = [...actions].map(([table, planned]): [string, ...number[]] => {
    const count = (what: Action['what']) => planned.filter((action) => action.what === what).length;
    return [table, count('create'), count('update'), count('unchanged'), count('delete')];
  });
  const people = [...accounts.made].map(([table, made]): [string, ...number[]] => [
    table,
    made.length,
    0,
    0,
    0,
  ]);
  const linked: [string, ...number[]][] = links.size === 0 ? [] : [['links of servers', 0, links.size, 0, 0]];
  return [...people, ...rows, ...linked];
}

function countsSection(plan: ImportPlan) {
  return section('import', 'Rows of the file', ['type', ...COUNTED], countRows(plan));
}

function listSection({ actions, accounts, links }: ImportPlan, all: boolean) {
  const people = [...accounts.made].flatMap(([table, made]) =>
    made.map((row) => [
      WORDS.create,
      `${table} ${row.email ?? row.slug ?? row.name ?? row.user_email ?? ''}`,
      '',
    ]),
  );
  const rows = [...actions.values()]
    .flat()
    .filter(({ what, id }) => what !== 'unchanged' || links.has(id))
    .map((action) => [
      action.what === 'unchanged' ? WORDS.update : WORDS[action.what],
      action.name,
      [action.what === 'update' ? changesIn(action) : '', links.get(action.id) ?? '']
        .filter(Boolean)
        .join('; '),
    ]);
  return limited('changes', 'What is written', ['what', 'row', 'how'], [...people, ...rows], all);
}

function changesIn({ row, before, type }: Action): string {
  return Object.keys(row)
    .map((name) => {
      const isSecret = type.secrets[name] !== undefined || SHY.has(name);
      return isSecret ? `${name}: *** → ***` : `${name}: ${short(before[name])} → ${short(row[name])}`;
    })
    .join('; ');
}

function short(value: Action['before'][string] | undefined): string {
  const text = jsonText(value ?? null);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function notesSection({ notes, accounts }: ImportPlan, all: boolean) {
  const people = accounts.withoutPassword.map((email) => [
    `user ${email}`,
    'gets a password that nobody knows: set one with mcpgw user password, or let them log in by single sign-on',
  ]);
  return limited('notes', 'To know', ['row', 'note'], [...people, ...notes.map((note) => [...note])], all);
}

function limited(id: string, title: string, columns: readonly string[], rows: string[][], all: boolean) {
  const isLong = !all && rows.length > SHOWN;
  const told = isLong
    ? `${title} (the first ${SHOWN} of ${plural(rows.length, 'row')}; all with --verbose)`
    : title;
  return section(id, told, columns, isLong ? rows.slice(0, SHOWN) : rows);
}
