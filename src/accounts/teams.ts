import { type RawBuilder, sql } from 'kysely';
import { countRows } from '../database/row-counts.ts';
import { hexId, insertRow, updateRows, written } from '../database/rows.ts';
import { findCollisions } from '../ownership/collisions.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { memberRow, teamRow } from '../seed/account-rows.ts';
import { slugify } from '../seed/slugify.ts';
import type { Book, Team, User } from './book.ts';
import { revokeRoles, wordOf } from './members.ts';

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

/** The slug that the gateway makes of a name, and never an empty one: `team-` and the beginning of the id. */
export const slugOf = ({ settings }: Pick<Book, 'settings'>, name: string, id: string) =>
  slugify(name, settings.gatewayToolNameSeparator) || `team-${id.slice(0, 8)}`;

interface TeamValues {
  name?: string;
  description?: string | null;
  visibility?: string;
  max_members?: number | null;
}

/** The columns that a wish sets; what does not fit is a problem (CONFIGURATION C1). */
function valuesOf(book: Book, { name, description, visibility, maxMembers }: TeamWish): TeamValues {
  const values: TeamValues = {};
  if (name !== undefined) {
    values.name = name.trim();
    const length = [...values.name].length;
    if (length === 0) book.problems.push('A team needs a name');
    if (length > MOST_NAME)
      book.problems.push(`A name has ${MOST_NAME} characters at most, this one ${length}`);
  }
  if (description !== undefined) {
    values.description = description === '' ? null : description;
    const length = [...description].length;
    if (length > MOST_DESCRIPTION)
      book.problems.push(`A description has ${MOST_DESCRIPTION} characters at most, this one ${length}`);
  }
  if (visibility !== undefined) {
    const word = wordOf(book, 'visibility of teams', visibility, TEAM_VISIBILITIES);
    if (word !== undefined) values.visibility = word;
  }
  if (maxMembers !== undefined) values.max_members = maxMembers;
  return values;
}

/** Those of the values that the team does not have. */
function differing(team: Team, values: TeamValues): TeamValues {
  const now = {
    name: team.name,
    description: team.description,
    visibility: team.visibility,
    max_members: team.maxMembers,
  };
  return Object.fromEntries(
    Object.entries(values).filter(([column, value]) => now[column as keyof TeamValues] !== value),
  );
}

/**
 * Makes a team with its owner as the gateway does (CONFIGURATION C1), but for a slug that is taken or empty. One that
 * was deleted comes back, with what still carries its id; one that is there already as wished stays as it is.
 */
export async function createTeam(
  book: Book,
  wish: TeamWish & { readonly name: string },
  owner: User | undefined,
): Promise<Team | undefined> {
  const { db, now, settings } = book;
  const values = valuesOf(book, wish);
  const name = values.name ?? '';
  if (owner === undefined) return undefined;
  if (!owner.isActive) book.problems.push(`${owner.email} is not active: it can own no team`);
  const id = hexId();
  const slug = slugOf(book, name, id);
  const teams = [...book.pages.values()].map(({ team }) => team);
  const there = teams.find(
    (team) =>
      team.slug === slug || (team.slug.startsWith('team-') && team.name === name && slug.startsWith('team-')),
  );
  if (there?.isPersonal === true || (there?.isActive === true && there.name !== name)) {
    const kind = there.isPersonal ? 'the personal team' : 'the team';
    book.problems.push(
      `The name “${name}” makes the slug ${slug}, which ${kind} “${there.name}” has; choose another name`,
    );
    return undefined;
  }
  if (there?.isActive === true) {
    const others = Object.keys(differing(there, values));
    if (others.length > 0) {
      book.problems.push(
        advise`The team “${name}” is there already, with another ${others.join(', ')}. To change it: ${mcpgw('team', 'set', there.slug)}`,
      );
    }
    return there;
  }
  const made: Team = {
    id: there?.id ?? id,
    name,
    slug,
    description: values.description ?? null,
    isPersonal: false,
    visibility: values.visibility ?? 'private',
    maxMembers: values.max_members ?? settings.maxMembersPerTeam,
    isActive: true,
  };
  const row = { ...made, createdBy: owner.email, now };
  if (there === undefined) {
    book.addTeam(made);
    book.write('team:create', `“${name}” (${slug}), owned by ${owner.email}`, [
      insertRow(db, 'email_teams', teamRow(row)),
    ]);
  } else {
    const { id: _, slug: __, created_at: ___, ...again } = teamRow(row);
    Object.assign(there, made);
    book.write(
      'team:create',
      `“${name}” (${slug}) again, owned by ${owner.email}`,
      updateRows(db, 'email_teams', ['id', [there.id]], again),
    );
    const back = await resourcesOf(book, there.id);
    if (back.length > 0)
      book.warnings.push(
        `“${name}” was deleted once, and what still carries its id comes back with it: ${back.join(', ')}.`,
      );
  }
  const team = there ?? made;
  const member = book.page(team).members.get(owner.email);
  const statements =
    member === undefined
      ? [
          insertRow(
            db,
            'email_team_members',
            memberRow({ teamId: team.id, email: owner.email, role: 'owner', invitedBy: null, now }),
          ),
        ]
      : updateRows(db, 'email_team_members', ['id', [member.id]], {
          role: 'owner',
          joined_at: now,
          invited_by: null,
          is_active: true,
        });
  book.write('team:add', `${owner.email} joins “${name}” as owner`, statements);
  book
    .page(team)
    .members.set(owner.email, { id: member?.id ?? '', email: owner.email, role: 'owner', isActive: true });
  book.touch(team, owner.email, 1);
  return team;
}

/** Gives a team another name, description, visibility or limit; its slug stays, as the gateway keeps it. */
export function setTeam(book: Book, team: Team, wish: TeamWish): void {
  const values = valuesOf(book, wish);
  const other = differing(team, values);
  if (Object.keys(other).length === 0) return;
  if (team.isPersonal && other.name !== undefined) {
    book.problems.push(`“${team.name}” is a personal team: its name stays`);
    return;
  }
  const limit = other.max_members ?? 0;
  const members = book.activeMembers(team).length;
  if (limit > 0 && members > limit)
    book.warnings.push(
      `“${team.name}” has ${plural(members, 'member')}, more than its limit of ${limit}: they stay, and nobody else can join.`,
    );
  const told = Object.entries(other).map(
    ([column, value]) => `${column} ${value === null ? 'none' : `“${value}”`}`,
  );
  const statements = updateRows(book.db, 'email_teams', ['id', [team.id]], {
    ...other,
    updated_at: book.now,
  });
  book.write('team:set', `“${team.name}”: ${told.join(', ')}`, statements);
  team.name = other.name ?? team.name;
  if (other.description !== undefined) team.description = other.description;
  team.visibility = other.visibility ?? team.visibility;
  if (other.max_members !== undefined) team.maxMembers = other.max_members;
}

/** How many rows of each table have a team: `3 tools`. */
async function resourcesOf({ db }: Pick<Book, 'db'>, id: string): Promise<string[]> {
  const said: string[] = [];
  for (const { name } of OWNED_TABLES) {
    const rows = await countRows(db, sql`${sql.table(name)} WHERE team_id = ${id}`);
    if (rows > 0) said.push(`${rows} ${rows === 1 ? name.replace(/s$/, '') : name}`);
  }
  return said;
}

/**
 * Deletes a team as the gateway does: it and its memberships are not active any more. Its resources go to another team
 * first: v0.7.0 makes public what has none (CONFIGURATION D).
 *
 * @param target where they go; undefined is each owner's personal team
 */
export async function deleteTeam(book: Book, team: Team, target: Team | undefined): Promise<void> {
  const { db, now } = book;
  if (!team.isActive) return;
  if (team.isPersonal) {
    book.problems.push(`“${team.name}” is a personal team: it stays`);
    return;
  }
  if (target?.id === team.id) book.problems.push(`“${team.name}” cannot take its own resources`);
  if (target?.isPersonal === true)
    book.problems.push(`“${target.name}” is a personal team: it takes nobody else’s resources`);
  for (const table of OWNED_TABLES) await moveRows(book, table, team, target);
  const no = { is_active: false };
  const yes = db.dialect.boolean(true);
  revokeRoles(book, team, () => true);
  book.write('team:delete', `“${team.name}”`, [
    written(
      db,
      'email_team_members',
      sql`UPDATE email_team_members SET is_active = ${db.dialect.boolean(false)}
          WHERE team_id = ${team.id} AND is_active = ${yes}`,
    ),
    ...updateRows(db, 'email_teams', ['id', [team.id]], { ...no, updated_at: now }),
  ]);
  team.isActive = false;
  for (const member of book.activeMembers(team)) {
    member.isActive = false;
    book.touch(team, member.email, -1);
  }
}

async function moveRows(book: Book, table: OwnedTable, team: Team, target: Team | undefined): Promise<void> {
  const { db } = book;
  const name = sql.table(table.name);
  const rows = sql`t.team_id = ${team.id}`;
  const owners = await db.query<{ owner: string | null; n: unknown }>(
    sql`SELECT t.owner_email AS owner, count(*) AS n FROM ${name} t WHERE ${rows} GROUP BY t.owner_email ORDER BY t.owner_email`,
  );
  if (owners.length === 0) return;
  const to = target === undefined ? personalTeamOfOwner(book) : sql`${target.id}`;
  const lost = target === undefined ? await countRows(db, sql`${name} t WHERE ${rows} AND ${to} IS NULL`) : 0;
  if (lost > 0) {
    book.problems.push(
      `${table.name}: ${plural(lost, 'row')} of “${team.name}” whose owner has no personal team; say with --move-to where they go`,
    );
  }
  const { count, collisions } = await findCollisions(
    db,
    { table, rows, team: to, owner: sql`t.owner_email` },
    SAMPLE,
  );
  for (const { id, column, value, ownerEmail } of collisions)
    book.problems.push(
      `${table.name} ${id}: ${ownerEmail} has another ${column} “${value}” where it would go; rename one of them`,
    );
  if (count > collisions.length)
    book.problems.push(`${table.name}: ${count - collisions.length} more rows that collide`);
  const where = target === undefined ? 'their owner’s personal team' : `“${target.name}”`;
  const told = owners.slice(0, SAMPLE).map(({ owner, n }) => `${n} of ${owner ?? 'nobody'}`);
  const more = owners.length > SAMPLE ? ` and ${owners.length - SAMPLE} more owners` : '';
  book.write('team:move', `${table.name} of “${team.name}” go to ${where}: ${told.join(', ')}${more}`, [
    written(
      db,
      table.name,
      sql`UPDATE ${name} AS t SET team_id = ${to}${sql.raw(db.dialect.kept(table.name))} WHERE ${rows}`,
    ),
  ]);
}

/** SQL over a row `t`; NULL where there is none. */
function personalTeamOfOwner({ db }: Pick<Book, 'db'>): RawBuilder<unknown> {
  const yes = db.dialect.boolean(true);
  return sql`(SELECT min(p.id) FROM email_teams p
    WHERE p.created_by = t.owner_email AND p.is_personal = ${yes} AND p.is_active = ${yes})`;
}
