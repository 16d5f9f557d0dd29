import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { isTrue } from '../../database/is-true.ts';
import type { Value } from '../../database/value.ts';
import type { Overrides } from '../../ownership/resolve-overrides.ts';
import { plural } from '../../report/plural.ts';
import type { Schema } from '../../schema/model.ts';
import type { Entity, Row, TeamReference } from '../document.ts';
import { readTable } from './here.ts';
import type { Problems } from './problems.ts';

/** Users and teams that are here, or will be: the import makes some. */
export interface People {
  readonly users: Set<string>;
  readonly teams: Row[];
}

export const TEAM_COLUMNS = ['id', 'name', 'slug', 'created_by', 'is_personal', 'is_active', 'created_at'];

export async function readPeople(db: Connection, schema: Schema): Promise<People> {
  const users = await db.query<{ email: string }>(sql`SELECT email FROM email_users`);
  return {
    users: new Set(users.map(({ email }) => email)),
    teams: await readTable(db, schema, 'email_teams', TEAM_COLUMNS),
  };
}

/** The active personal team of a user; of several the oldest. */
export function personalTeamOf({ teams }: People, email: string): Row | undefined {
  return teams
    .filter((team) => team.created_by === email && isTrue(team.is_personal) && isTrue(team.is_active))
    .toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))[0];
}

const textOf = ({ created_at, id }: Row) => `${created_at} ${id}`;

export interface OwnerOptions {
  /** `--map-owner`, `--map-team`: what the file says, and what is meant here. */
  readonly mapOwner: ReadonlyMap<string, string>;
  readonly mapTeam: ReadonlyMap<string, string>;
  /** `--team`, `--owner`, `--visibility`: for what the file does not say or what is not here. */
  readonly overrides: Overrides;
  /** The administrator, for all that nobody said anything about. */
  readonly admin: string;
  /** Ids of teams that are in the file, by slug. */
  readonly idsInFile: ReadonlyMap<string, Value>;
}

export interface Owned {
  readonly values: { readonly team_id: Value; readonly owner_email: Value; readonly visibility: Value };
  /** The columns among them that are what the file says: only those change what is here. */
  readonly said: readonly string[];
}

/** What rows that nobody said anything about were before v0.7.0: everybody's. */
const DEFAULT_VISIBILITY = 'public';

/**
 * Whose each row of the file is here (CONFIGURATION D): never nobody's, since v0.7.0 makes such rows public.
 *
 * @returns what gives a row its owner, and what tells of those that were not found, once all have one
 */
export function ownerOf(people: People, options: OwnerOptions, wrong: Problems) {
  const { mapOwner, mapTeam, overrides, admin, idsInFile } = options;
  const missing = new Map<string, number>();
  const note = (what: string) => missing.set(what, (missing.get(what) ?? 0) + 1);
  const bySlug = new Map(people.teams.map((team) => [team.slug, team]));
  const byId = new Map(people.teams.map((team) => [team.id, team]));
  const userHere = (email: string) => {
    const meant = mapOwner.get(email) ?? email;
    return people.users.has(meant) ? meant : null;
  };

  function teamHere({ slug, owner }: TeamReference): Row | undefined {
    const meant = mapTeam.get(slug);
    if (meant !== undefined) return byId.get(meant) ?? bySlug.get(meant);
    const sameId = byId.get(idsInFile.get(slug) ?? '');
    if (sameId !== undefined) return sameId;
    const user = owner === undefined ? null : userHere(owner);
    // A personal team belongs to a person: the same slug of somebody else is another.
    return owner === undefined ? bySlug.get(slug) : user === null ? undefined : personalTeamOf(people, user);
  }

  function own({ owner_email, team, visibility }: Entity, path: string): Owned {
    const email = typeof owner_email === 'string' ? owner_email : null;
    const reference = team as TeamReference | null | undefined;
    const owner = email === null ? null : userHere(email);
    const found = reference ? teamHere(reference) : undefined;
    if (email !== null && owner === null) note(`the owner ${email} is not here (--map-owner ${email}=…)`);
    if (reference && found === undefined)
      note(`the team ${reference.slug} is not here (--map-team ${reference.slug}=…)`);
    const whose = owner ?? overrides.ownerEmail ?? admin;
    const where = found?.id ?? overrides.teamId ?? personalTeamOf(people, whose)?.id;
    if (where === undefined || !people.users.has(whose)) {
      wrong.add(
        path,
        people.users.has(whose)
          ? `${whose} has no personal team for it: name one with --team`
          : `there is no user ${whose} to own it: name one with --owner`,
      );
    }
    const said = [
      ...(owner === null ? [] : ['owner_email']),
      ...(found === undefined ? [] : ['team_id']),
      ...(typeof visibility === 'string' ? ['visibility'] : []),
    ];
    return {
      values: {
        team_id: where ?? null,
        owner_email: whose,
        visibility: visibility ?? overrides.visibility ?? DEFAULT_VISIBILITY,
      },
      said,
    };
  }

  const warnings = () => [...missing].map(([what, rows]) => `${plural(rows, 'row')}: ${what}.`);
  return { own, warnings };
}

/** `old=new`, each of an option that can be given again and again. */
export function mapping(option: string, pairs: readonly string[], wrong: Problems): Map<string, string> {
  return new Map(
    pairs.flatMap((pair) => {
      const at = pair.indexOf('=');
      if (at > 0 && at < pair.length - 1) return [[pair.slice(0, at), pair.slice(at + 1)] as const];
      wrong.add(option, `“${pair}” is not OLD=NEW`);
      return [];
    }),
  );
}
