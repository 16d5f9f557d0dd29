import type { Row, TeamReference } from '../document.ts';
import { ENTITY_TYPES, type EntityType } from '../entities.ts';
import { type Candidate, keyOf, needsOf, type SelectionOptions, selectionOf } from '../selection.ts';
import type { Source } from './read-source.ts';

/**
 * What is selected of a file. Users and teams come with the whole of it only.
 *
 * @throws GatewayError USAGE for what names nothing in the file
 */
export function selected(source: Source, options: SelectionOptions): Source {
  const selection = selectionOf(options, 'from-');
  if (selection === null) return source;
  const types = ENTITY_TYPES.filter(({ table }) => source.rows[table] !== undefined);
  const idsOfTeams = new Map(source.rows.email_teams?.map(({ slug, id }) => [slug, String(id)]));
  const all = types.flatMap(
    (type) => source.rows[type.table]?.map((row) => candidate(type, row, idsOfTeams)) ?? [],
  );
  const chosen = selection.select(all);
  const rows = types
    .filter(({ table }) => selection.tables.has(table))
    .map(({ table }) => {
      const isChosen = ({ id }: Row) => chosen.has(keyOf({ table, id: id as string | number }));
      return [table, source.rows[table]?.filter(isChosen) ?? []] as const;
    });
  return { ...source, whole: source.rows, rows: Object.fromEntries(rows) };
}

function candidate(
  { table, label, active }: EntityType,
  row: Row,
  idsOfTeams: ReadonlyMap<unknown, string>,
): Candidate {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const { slug } = (row.team ?? {}) as Partial<TeamReference>;
  return {
    table,
    id: row.id as string | number,
    label: text(row[label ?? '']) ?? '',
    tags: Array.isArray(row.tags) ? row.tags.map(String) : [],
    team: slug === undefined ? [] : [slug, idsOfTeams.get(slug) ?? slug],
    owner: text(row.owner_email),
    visibility: text(row.visibility),
    active: active === null || row[active] !== false,
    needs: needsOf(row),
  };
}
