import type { Value } from '../../database/value.ts';
import type { Overrides } from '../../ownership/resolve-overrides.ts';
import { advise, mcpgw, type Text } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import { nearestTo } from '../../settings/nearest-names.ts';
import type { Entity, Row, TeamReference } from '../document.ts';
import { remembered } from './here.ts';
import { type Problems, problems } from './problems.ts';
import type { Source } from './read-source.ts';

/** Users and teams that are here, or will be: the import makes some. */
export interface People {
  readonly users: ReadonlySet<Value>;
  readonly teams: readonly Row[];
}

/** The active personal team of a user; of several the oldest. */
function personalTeamOf({ teams }: People, email: Value): Row | undefined {
  const own = teams.filter(
    (team) => team.created_by === email && team.is_personal === true && team.is_active === true,
  );
  const ageOf = ({ created_at, id }: Row) => `${created_at} ${id}`;
  return own.toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1))[0];
}

export interface OwnerOptions {
  /** `--map-owner`, `--map-team`: what the file says, and what is meant here. */
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly mapTeam: ReadonlyMap<string, string>;
  /** `--team`, `--owner`, `--visibility`: for what the file does not say or what is not here. */
  readonly overrides: Overrides;
  /** The administrator, for all that nobody said anything about. */
  readonly admin: string;
  /** Ids that teams of the file have here, by slug. */
  readonly idsInFile: ReadonlyMap<Value, Value>;
}

/**
 * What is meant by an owner or a team has to be here, or made by the import: else the rows would go to the administrator.
 *
 * @throws GatewayError USAGE
 */
export function refuseNobody(
  { users, teams }: People,
  { mapOwner, mapTeam }: Pick<OwnerOptions, 'mapOwner' | 'mapTeam'>,
): void {
  const wrong = problems();
  const slugs = teams.map(({ slug }) => `${slug}`);
  const refs = new Set([...slugs, ...teams.map(({ id }) => `${id}`)]);
  const emails = [...users].map(String);
  for (const [old, meant] of mapOwner)
    if (!users.has(meant))
      wrong.add(`--map-owner ${old}=${meant}`, `there is no user “${meant}”.${nearestTo(meant, emails)}`);
  for (const [old, meant] of mapTeam)
    if (!refs.has(meant))
      wrong.add(
        `--map-team ${old}=${meant}`,
        `there is no team with the id or slug “${meant}”.${nearestTo(meant, slugs)}`,
      );
  wrong.refuse('USAGE', MAPS_NOTHING, 'Correct what is named above. Nothing was changed.');
}

const MAPS_NOTHING = 'A flag names what is not there.';

/**
 * What is to be called otherwise has to be in the file.
 *
 * @throws GatewayError USAGE
 */
export function refuseUnmapped(
  { rows }: Source,
  { mapOwner, mapTeam }: Pick<OwnerOptions, 'mapOwner' | 'mapTeam'>,
): void {
  const wrong = problems();
  const [emails, slugs] = [new Set<string>(), new Set<string>()];
  for (const row of Object.values(rows).flat()) {
    const { slug, owner } = (row.team ?? {}) as Partial<TeamReference>;
    for (const email of [owner, ...EMAILS.map((column) => row[column])])
      if (typeof email === 'string') emails.add(email);
    if (slug !== undefined) slugs.add(slug);
  }
  for (const { slug } of rows.email_teams ?? []) slugs.add(`${slug}`);
  for (const [option, map, known] of [
    ['--map-owner', mapOwner, emails],
    ['--map-team', mapTeam, slugs],
  ] as const)
    for (const [old, meant] of map)
      if (!known.has(old))
        wrong.add(`${option} ${old}=${meant}`, `no row of the file has “${old}”.${nearestTo(old, known)}`);
  wrong.refuse('USAGE', MAPS_NOTHING, 'Correct what is named above. Nothing was changed.');
}

/** Columns with people in them. */
const EMAILS = ['owner_email', 'email', 'user_email', 'created_by'];

export interface Owned {
  readonly values: Readonly<Record<'team_id' | 'owner_email' | 'visibility', Value>>;
  /** The columns among them that are what the file says: only those change what is here. */
  readonly said: readonly string[];
}

export type Own = (given: Entity, path: string) => Owned;

const SHOWN = 5;

/** What rows that nobody said anything about were before v0.7.0: everybody's. */
const DEFAULT_VISIBILITY = 'public';

/**
 * Whose each row of the file is here: never nobody's, since v0.7.0 makes such rows public (CONFIGURATION D).
 *
 * @returns what gives a row its owner, and what tells of those that were not found, once all have one
 */
export function ownerOf(people: People, options: OwnerOptions, wrong: Problems) {
  const { mapOwner, mapTeam, overrides, admin, idsInFile } = options;
  const { users, teams } = people;
  /** Who and what is not here, with the option that says who is meant, and how many rows are theirs. */
  const missing = new Map<string, { readonly option: string; rows: number }>();
  const note = (who: string, option: string) => {
    const known = missing.get(who);
    if (known === undefined) missing.set(who, { option, rows: 1 });
    else known.rows++;
  };
  const by = (column: string, value: Value | undefined) => teams.find((team) => team[column] === value);
  const personal = remembered((email) => [personalTeamOf(people, email)] as const);
  const userHere = (email: string) => [mapOwner.get(email) ?? email].find((meant) => users.has(meant));

  const teamHere = remembered((slugAndOwner): readonly [Row | undefined] => {
    const { slug, owner } = JSON.parse(slugAndOwner) as TeamReference;
    const meant = mapTeam.get(slug);
    if (meant !== undefined) return [by('id', meant) ?? by('slug', meant)];
    const sameId = idsInFile.has(slug) ? by('id', idsInFile.get(slug)) : undefined;
    if (sameId !== undefined || owner === undefined) return [sameId ?? by('slug', slug)];
    // A personal team belongs to a person: the same slug of somebody else is another.
    const user = userHere(owner);
    return user === undefined ? [undefined] : personal(user);
  });

  const own: Own = ({ owner_email: email = null, team = null, visibility = null }, path) => {
    const owner = email === null ? undefined : userHere(String(email));
    const reference = team as TeamReference | null;
    const [found] = reference === null ? [] : teamHere(JSON.stringify(reference));
    if (email !== null && owner === undefined) note(`the owner ${email}`, `--map-owner ${email}=…`);
    if (reference !== null && found === undefined)
      note(`the team ${reference.slug}`, `--map-team ${reference.slug}=…`);
    const whose = owner ?? overrides.ownerEmail ?? admin;
    const where = found?.id ?? overrides.teamId ?? personal(whose)[0]?.id ?? null;
    if (!users.has(whose)) wrong.add(path, `there is no user ${whose} to own it: name one with --owner`);
    else if (where === null) wrong.add(path, `${whose} has no personal team for it: name a team with --team`);
    const said = { owner_email: owner, team_id: found, visibility: visibility ?? undefined };
    return {
      values: {
        team_id: where,
        owner_email: whose,
        visibility: visibility ?? overrides.visibility ?? DEFAULT_VISIBILITY,
      },
      said: Object.entries(said).flatMap(([column, value]) => (value === undefined ? [] : [column])),
    };
  };

  /** Who and what is not here, for the hint of a refusal. */
  const advice = (): Text[] => {
    const names = [...missing.keys()];
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
    if (names.length === 0) return [];
    const who = `${names.slice(0, SHOWN).join(', ')}${more}`;
    return [
      advise`Not here are ${who}, so that their rows would be the administrator’s: bring them along with ${mcpgw('export', '--with-teams')}, or say who is meant with --map-team and --map-owner.`,
    ];
  };

  return {
    own,
    advice,
    warnings: () =>
      [...missing].map(
        ([who, { option, rows }]) => `${plural(rows, 'row')}: ${who} is not here (${option}).`,
      ),
  };
}
