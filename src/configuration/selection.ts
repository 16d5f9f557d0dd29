import { GatewayError } from '../errors.ts';
import { VISIBILITIES } from '../ownership/visibility.ts';
import { nearestTo } from '../settings/nearest-names.ts';
import { ASSOCIATIONS, ENTITY_TYPES, type EntityTable, type EntityType } from './entities.ts';

/** The options of a selection. What is given narrows it down, but for `withDependencies`, which widens it again. */
export interface SelectionOptions {
  /** Tables or words of entity types. */
  readonly type?: readonly string[];
  /** `tool:NAME` or `tool:ID`, with `*` and `?`. */
  readonly only?: readonly string[];
  readonly tag?: readonly string[];
  /** Slugs or ids. */
  readonly team?: readonly string[];
  readonly owner?: readonly string[];
  readonly visibility?: readonly string[];
  readonly activeOnly?: boolean;
  readonly withDependencies?: boolean;
}

/** What a selection has to know of a row, from a database or from a document. */
export interface Candidate {
  readonly table: EntityTable;
  readonly id: string | number;
  /** Empty in a table without names. */
  readonly label: string;
  readonly tags: readonly string[];
  /** Slug and id, as far as they are known. */
  readonly team: readonly string[];
  readonly owner: string | null;
  readonly visibility: string | null;
  readonly active: boolean;
  /** Keys (`keyOf`) of what it does not work without: its gateway, and what a server offers. */
  readonly needs: readonly string[];
}

/** What tells a row of any table apart. */
export const keyOf = ({ table, id }: Pick<Candidate, 'table' | 'id'>): string => `${table}:${id}`;

export interface Selection {
  readonly tables: ReadonlySet<EntityTable>;
  /** Tables whose rows `select` wants; null where it is all rows of `tables`. */
  readonly reads: ReadonlySet<EntityTable> | null;
  /** The keys of the rows that are selected; throws USAGE for every name that no row has. */
  select(candidates: readonly Candidate[]): ReadonlySet<string>;
}

export interface Pattern {
  /** As it was given. */
  readonly given: string;
  readonly type: EntityType;
  readonly name: string;
  readonly expression: RegExp;
}

/**
 * The types and the patterns that options name.
 *
 * @param option what names the patterns, where it is none of a command's arguments
 * @throws GatewayError USAGE for types that are none, all at once
 */
export function readPatterns(
  options: Pick<SelectionOptions, 'type' | 'only'>,
  option = '--only ',
): { readonly types: readonly EntityType[]; readonly patterns: readonly Pattern[] } {
  const problems: string[] = [];
  const typeOf = (word: string, place: string) => {
    const found = ENTITY_TYPES.find((type) => namesOf(type).includes(word.toLowerCase()));
    if (found === undefined) {
      problems.push(`${place}: there is no type “${word}”.${nearestTo(word, ENTITY_TYPES.flatMap(namesOf))}`);
    }
    return found;
  };
  const types = (options.type ?? []).flatMap((word) => typeOf(word, '--type') ?? []);
  const patterns = (options.only ?? []).flatMap((given): Pattern[] => {
    const [word = '', ...rest] = given.split(':');
    const type = typeOf(word, `${option}${given}`);
    const name = rest.join(':');
    if (type !== undefined && name === '')
      problems.push(`${option}${given}: write ${type.word}:NAME or ${type.word}:ID.`);
    return type === undefined || name === '' ? [] : [{ given, type, name, expression: globOf(name) }];
  });
  refuse(problems);
  return { types, patterns };
}

/**
 * What is selected by these options; null where they select everything.
 *
 * @param from what the flags of team, owner and visibility begin with
 * @throws GatewayError USAGE for types that are none, all at once
 */
export function selectionOf(options: SelectionOptions, from = ''): Selection | null {
  const { types, patterns } = readPatterns(options);
  const values = [options.tag, options.team, options.owner, options.visibility].flatMap((list) => list ?? []);
  if (types.length + patterns.length + values.length === 0 && options.activeOnly !== true) return null;
  const chosen =
    types.length > 0 ? types : patterns.length > 0 ? patterns.map(({ type }) => type) : ENTITY_TYPES;
  const tables = new Set(chosen.map(({ table }) => table));
  const all = new Set(ENTITY_TYPES.map(({ table }) => table));
  const isWhole = patterns.length + values.length === 0 && options.activeOnly !== true;
  const reads = isWhole ? null : new Set([...tables, ...patterns.map(({ type }) => type.table)]);
  return {
    tables: options.withDependencies === true ? all : tables,
    reads: options.withDependencies === true ? all : reads,
    select(candidates) {
      const among = candidates.filter(({ table }) => tables.has(table));
      refuse([...unmatched(patterns, candidates), ...unknownValues(options, candidates, from)]);
      const selected = among.filter((each) => isSelected(each, options, patterns)).map(keyOf);
      // A list that is empty anyway is no mistake.
      if (selected.length === 0 && !isWhole && candidates.length > 0) refuse([NO_ROW]);
      return options.withDependencies === true ? withNeeds(selected, candidates) : new Set(selected);
    },
  };
}

/** What is wrong with a selection that leaves nothing. */
export const NO_ROW = 'The selection matches no row.';

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const [first = '', ...others] = problems;
  throw new GatewayError('USAGE', others.length === 0 ? first : 'The selection names what is not there.', {
    details: others.length === 0 ? [] : problems,
    hint: `Types: ${ENTITY_TYPES.map(({ word }) => word).join(', ')}. Nothing was changed.`,
  });
}

const namesOf = ({ table, word }: EntityType): string[] => [word, `${word}s`, table];

/** `*` is any text, `?` any one character. */
function globOf(name: string): RegExp {
  const text = name.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  return new RegExp(`^${text.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su');
}

const matches = ({ type, expression }: Pattern, { table, label, id }: Candidate): boolean =>
  type.table === table && (expression.test(label) || expression.test(String(id)));

function isSelected(row: Candidate, options: SelectionOptions, patterns: readonly Pattern[]): boolean {
  const isOneOf = (asked: readonly string[] | undefined, has: readonly (string | null)[]) =>
    asked === undefined || asked.length === 0 || has.some((value) => value !== null && asked.includes(value));
  return (
    (patterns.length === 0 || patterns.some((pattern) => matches(pattern, row))) &&
    FILTERS.every(({ option, of }) => isOneOf(options[option], of(row))) &&
    (options.activeOnly !== true || row.active)
  );
}

/** Options that compare a value of a row, and the values that are known even where no row has them. */
const FILTERS = [
  { option: 'tag', of: ({ tags }: Candidate) => tags, always: [] },
  { option: 'team', of: ({ team }: Candidate) => team, always: [] },
  { option: 'owner', of: ({ owner }: Candidate) => [owner], always: [] },
  { option: 'visibility', of: ({ visibility }: Candidate) => [visibility], always: VISIBILITIES },
] as const;

function unmatched(patterns: readonly Pattern[], candidates: readonly Candidate[]): string[] {
  return patterns
    .filter((pattern) => !candidates.some((each) => matches(pattern, each)))
    .map(({ given, name, type }) => {
      const names = candidates.filter(({ table }) => table === type.table).map(({ label }) => label);
      return `--only ${given}: there is no such ${type.word}.${nearestTo(name, names)}`;
    });
}

function unknownValues(options: SelectionOptions, candidates: readonly Candidate[], from: string): string[] {
  return FILTERS.flatMap(({ option, of, always }) => {
    const asked = options[option] ?? [];
    if (asked.length === 0) return [];
    const flag = `--${option === 'tag' ? '' : from}${option}`;
    const known = new Set<string>(always);
    for (const each of candidates) for (const value of of(each)) if (value !== null) known.add(value);
    return asked
      .filter((value) => !known.has(value))
      .map((value) => `${flag} ${value}: no row has it.${nearestTo(value, known)}`);
  });
}

function withNeeds(selected: readonly string[], candidates: readonly Candidate[]): ReadonlySet<string> {
  const byKey = new Map(candidates.map((each) => [keyOf(each), each]));
  const found = new Set(selected);
  // Keys that are added while it goes on are met in their turn.
  for (const key of found) {
    for (const needed of byKey.get(key)?.needs ?? []) if (byKey.has(needed)) found.add(needed);
  }
  return found;
}

/** Keys of what a row of a document points at. */
export function needsOf(row: Readonly<Record<string, unknown>>): string[] {
  const gateway =
    typeof row.gateway_id === 'string' ? [keyOf({ table: 'gateways', id: row.gateway_id })] : [];
  const lists = ASSOCIATIONS.flatMap(({ to }) =>
    Array.isArray(row[to])
      ? (row[to] as { id: string | number }[]).map(({ id }) => keyOf({ table: to, id }))
      : [],
  );
  return [...gateway, ...lists];
}
