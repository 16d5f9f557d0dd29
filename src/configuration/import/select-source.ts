import type { Value } from '../../database/value.ts';
import type { Entity, Row, TeamReference } from '../document.ts';
import { ENTITY_TYPES, type EntityTable, type EntityType, entityType } from '../entities.ts';
import { type Candidate, keyOf, needsOf, type SelectionOptions, selectionOf } from '../selection.ts';
import type { Source } from './read-source.ts';

/**
 * What is selected of a file. Users and teams come with the whole of it only.
 *
 * @throws GatewayError USAGE for what names nothing in the file
 */
export function selected(source: Source, options: SelectionOptions): Source {
  const selection = selectionOf(options);
  if (selection === null) return source;
  const all = ENTITY_TYPES.flatMap((type) =>
    (source.entities[type.table] ?? []).map((entity, i) => candidate(type, entity, i, source)),
  );
  const chosen = selection.select(all);
  const entities = Object.entries(source.entities)
    .filter(([table]) => selection.tables.has(table as EntityTable))
    .map(([table, rows]) => {
      const type = entityType(table as EntityTable);
      return [
        table,
        rows.filter((entity, i) => chosen.has(keyOf({ table: type.table, id: idOf(entity, i) }))),
      ] as const;
    });
  return { ...source, accounts: {}, entities: Object.fromEntries(entities) };
}

/** Resources and prompts of the gateway's document have no ids. */
const idOf = ({ id }: Row, place: number): string | number =>
  (id as string | number | undefined) ?? `#${place}`;

function candidate(
  { table, label, active }: EntityType,
  entity: Entity,
  place: number,
  source: Source,
): Candidate {
  const team = entity.team as TeamReference | null | undefined;
  const id = source.accounts.email_teams?.find(({ slug }) => slug === team?.slug)?.id;
  return {
    table,
    id: idOf(entity, place),
    label: label === null ? '' : String(entity[label] ?? ''),
    tags: Array.isArray(entity.tags) ? entity.tags.map(String) : [],
    team: [team?.slug, id].filter((each) => typeof each === 'string'),
    owner: textOrNull(entity.owner_email),
    visibility: textOrNull(entity.visibility),
    active: active === null || entity[active] !== false,
    needs: source.kind === 'gateway' ? toolsOf(entity, source) : needsOf(entity),
  };
}

const textOrNull = (value: Value | undefined) => (typeof value === 'string' ? value : null);

/** The gateway's document names them. */
function toolsOf({ tools }: Entity, { entities }: Source): string[] {
  const names = new Set(Array.isArray(tools) ? tools.map((reference) => (reference as Row).name) : []);
  const named = (entities.tools ?? []).filter(
    ({ name, original_name }) => names.has(name) || names.has(original_name),
  );
  return named.map((tool) => keyOf({ table: 'tools', id: String(tool.id) }));
}
