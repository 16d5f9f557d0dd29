import { sql } from 'kysely';
import { countRows } from '../database/row-counts.ts';
import { hexId, written } from '../database/rows.ts';
import { findCollisions } from '../ownership/collisions.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { teamRow } from '../seed/account-rows.ts';
import { slugify } from '../seed/slugify.ts';
import type { Book, Team, User } from './book.ts';
import { join, refusePersonal, revokeRoles, wordOf } from './members.ts';

export const TEAM_VISIBILITIES = ['private', 'public'] as const;
const MOST_NAME = 255;
const MOST_DESCRIPTION = 1_000;
const SAMPLE = 20;

/** What is to be said of a team; what is undefined stays, or is as the gateway has it by default. */
export interface TeamWish {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly visibility?: string | undefined;
  readonly maxMembers?: number | undefined;
}

type Settable = Pick<Team, 'name' | 'description' | 'visibility' | 'maxMembers'>;
const COLUMNS: Readonly<Record<string, string>> = { maxMembers: 'max_members' };

/** The slug that the gateway makes of a name, and never an empty one: `team-` and the beginning of the id. */
export const slugOf = ({ settings }: Pick<Book, 'settings'>, name: string, id: string) =>
  slugify(name.trim(), settings.gatewayToolNameSeparator) || `team-${id.slice(0, 8)}`;

/** What a wish sets; what does not fit is a problem (CONFIGURATION C1). */
function valuesOf(book: Book, { name, description, visibility, maxMembers }: TeamWish): Partial<Settable> {
  const tooLong = (what: string, text: string, most: number) => {
    const length = [...text].length;
    if (length > most) book.problems.push(`A ${what} has ${most} characters at most, this one ${length}`);
    return text;
  };
  if (name?.trim() === '') book.problems.push('A team needs a name');
  const word =
    visibility === undefined ? undefined : wordOf(book, 'visibility of teams', visibility, TEAM_VISIBILITIES);
  return {
    ...(name === undefined ? {} : { name: tooLong('name', name.trim(), MOST_NAME) }),
    ...(description === undefined
      ? {}
      : { description: tooLong('description', description, MOST_DESCRIPTION) || null }),
    ...(word === undefined ? {} : { visibility: word }),
    ...(maxMembers === undefined ? {} : { maxMembers }),
  };
}

/** Those of the values that the team does not have. */
const differing = (team: Settable, values: Partial<Settable>): Partial<Settable> =>
  Object.fromEntries(Object.entries(values).filter(([key, value]) => team[key as keyof Settable] !== value));

/**
 * Makes a team with its owner as the gateway does (CONFIGURATION C1), but for a slug that is taken or empty. One that
 * was deleted comes back, with what still carries its id; one that is there already as wished stays as it is.
 */
export async function createTeam(
  book: Book,
  wish: TeamWish & { readonly name: string },
  owner: User | undefined,
): Promise<Team | undefined> {
  const values = valuesOf(book, wish);
  if (owner === undefined) return undefined;
  if (!owner.isActive) book.problems.push(`${owner.email} is not active: it can own no team`);
  const { name = '' } = values;
  const id = hexId();
  const slug = slugOf(book, name, id);
  const isAscii = slug !== slugOf(book, '', id);
  const there = book
    .teams()
    .find((team) => (isAscii ? team.slug === slug : team.name === name && team.slug.startsWith('team-')));
  if (there !== undefined && (there.isPersonal || (there.isActive && there.name !== name))) {
    const which = `${there.isPersonal ? 'the personal team' : 'the team'} “${there.name}”`;
    book.problems.push(`The name “${name}” makes the slug ${slug}, which ${which} has; choose another name`);
    return undefined;
  }
  if (there?.isActive === true) {
    const others = Object.keys(differing(there, values)).join(', ');
    if (others !== '') {
      book.problems.push(
        advise`The team “${name}” is there already, with another ${others}. To change it: ${mcpgw('team', 'set', there.slug)}`,
      );
    }
    return there;
  }
  const team: Team = {
    id: there?.id ?? id,
    slug: there?.slug ?? slug,
    description: null,
    visibility: 'private',
    maxMembers: book.settings.maxMembersPerTeam,
    ...values,
    name,
    isPersonal: false,
    isActive: true,
  };
  const {
    id: _id,
    slug: _slug,
    created_at: _made,
    ...row
  } = teamRow({ ...team, createdBy: owner.email }, book.now);
  const said = `“${name}” (${team.slug})${there === undefined ? '' : ' again'}, owned by ${owner.email}`;
  if (there === undefined) {
    book.addTeam(team);
    book.add('team:create', said, 'email_teams', { id, slug, created_at: book.now, ...row });
  } else {
    book.set('team:create', said, 'email_teams', [team.id], row);
    const back = await resourcesOf(book, team);
    if (back !== '')
      book.warnings.push(
        `“${name}” was deleted once, and what still carries its id comes back with it: ${back}.`,
      );
  }
  const made = Object.assign(there ?? team, team);
  join(book, made, owner.email, 'owner', null);
  return made;
}

/** Gives a team another name, description, visibility or limit; its slug stays, as the gateway keeps it. */
export function setTeam(book: Book, team: Team, wish: TeamWish): void {
  const other = differing(team, valuesOf(book, wish));
  const told = Object.entries(other).map(
    ([what, value]) => `${what} ${value === null ? 'none' : `“${value}”`}`,
  );
  if (told.length === 0) return;
  if (other.name !== undefined && refusePersonal(book, team, 'its name stays')) return;
  const members = book.activeMembers(team).length;
  if (other.maxMembers && members > other.maxMembers)
    book.warnings.push(
      `“${team.name}” has ${plural(members, 'member')}, more than its limit of ${other.maxMembers}: they stay, and nobody else can join.`,
    );
  const columns = Object.entries(other).map(([key, value]) => [COLUMNS[key] ?? key, value]);
  const values = { ...Object.fromEntries(columns), updated_at: book.now };
  book.set('team:set', `“${team.name}”: ${told.join(', ')}`, 'email_teams', [team.id], values);
  Object.assign(team, other);
}

/** How many rows of each table have a team: `3 tools, 1 server`. */
async function resourcesOf({ db }: Book, { id }: Team): Promise<string> {
  const said: string[] = [];
  for (const { name } of OWNED_TABLES) {
    const rows = await countRows(db, sql`${sql.table(name)} WHERE team_id = ${id}`);
    if (rows > 0) said.push(`${rows} ${rows === 1 ? name.replace(/s$/, '') : name}`);
  }
  return said.join(', ');
}

/**
 * Deletes a team as the gateway does: it and its memberships are not active any more. Its resources go to another team
 * first: v0.7.0 makes public what has none (CONFIGURATION D).
 *
 * @param target where they go; undefined is each owner's personal team
 */
export async function deleteTeam(book: Book, team: Team, target: Team | undefined): Promise<void> {
  if (!team.isActive || refusePersonal(book, team, 'it stays')) return;
  if (target?.id === team.id) book.problems.push(`“${team.name}” cannot take its own resources`);
  if (target !== undefined) refusePersonal(book, target, 'it takes nobody else’s resources');
  for (const table of OWNED_TABLES) await moveRows(book, table, team, target);
  revokeRoles(book, team, () => true);
  const members = book.activeMembers(team);
  const ids = members.map(({ id }) => id);
  const no = { is_active: false };
  book.set('team:delete', `“${team.name}”`, 'email_teams', [team.id], { ...no, updated_at: book.now });
  book.set('team:delete', `memberships in “${team.name}”: ${ids.length}`, 'email_team_members', ids, no);
  team.isActive = false;
  for (const { email } of members) book.touch(team, email, -1);
}

async function moveRows(book: Book, table: OwnedTable, team: Team, target: Team | undefined): Promise<void> {
  const { db } = book;
  const name = sql.table(table.name);
  const rows = sql`t.team_id = ${team.id}`;
  const owners = await db.query<{ owner: string | null; n: unknown }>(
    sql`SELECT t.owner_email AS owner, count(*) AS n FROM ${name} t WHERE ${rows}
        GROUP BY t.owner_email ORDER BY t.owner_email`,
  );
  if (owners.length === 0) return;
  const yes = db.dialect.boolean(true);
  const personal = sql`(SELECT min(p.id) FROM email_teams p
    WHERE p.created_by = t.owner_email AND p.is_personal = ${yes} AND p.is_active = ${yes})`;
  const to = target === undefined ? personal : sql`${target.id}`;
  const lost =
    target === undefined ? await countRows(db, sql`${name} t WHERE ${rows} AND ${personal} IS NULL`) : 0;
  if (lost > 0) {
    book.problems.push(
      `${table.name}: ${plural(lost, 'row')} of “${team.name}” whose owner has no personal team; say with --move-to where they go`,
    );
  }
  const move = { table, rows, team: to, owner: sql`t.owner_email` };
  const { count, collisions } = await findCollisions(db, move, SAMPLE);
  book.problems.push(
    ...collisions.map(
      ({ id, column, value, ownerEmail }) =>
        `${table.name} ${id}: ${ownerEmail} has another ${column} “${value}” where it would go; rename one of them`,
    ),
  );
  if (count > collisions.length)
    book.problems.push(`${table.name}: ${count - collisions.length} more rows that collide`);
  const where = target === undefined ? 'their owner’s personal team' : `“${target.name}”`;
  const told = owners.slice(0, SAMPLE).map(({ owner, n }) => `${n} of ${owner ?? 'nobody'}`);
  const more = owners.length > SAMPLE ? ` and ${owners.length - SAMPLE} more owners` : '';
  const kept = sql.raw(db.dialect.kept(table.name));
  book.write('team:move', `${table.name} of “${team.name}” go to ${where}: ${told.join(', ')}${more}`, [
    written(db, table.name, sql`UPDATE ${name} AS t SET team_id = ${to}${kept} WHERE ${rows}`),
  ]);
}
