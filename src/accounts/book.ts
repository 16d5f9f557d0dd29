import { sql } from 'kysely';
import type { DataStep } from '../change/data-change.ts';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import { insertRow, type Row, updateRows } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import type { Schema } from '../schema/model.ts';
import type { NewTeam, NewUser } from '../seed/account-rows.ts';
import { findAdmin } from '../seed/find-admin.ts';
import { normaliseEmail } from '../settings/admin-email.ts';
import { nearestTo } from '../settings/nearest-names.ts';
import type { Settings } from '../settings/settings.ts';

export interface User extends Pick<NewUser, 'email' | 'fullName' | 'isAdmin'> {
  readonly isActive: boolean;
  readonly isLocked: boolean;
  /** Its password is the gateway's, not that of a provider. */
  readonly isLocal: boolean;
  readonly passwordHash: string;
}

export interface Team extends Omit<NewTeam, 'createdBy'> {
  isActive: boolean;
}

export interface Member {
  readonly id: string;
  readonly email: string;
  role: string;
  isActive: boolean;
}

export interface BookInput {
  readonly settings: Settings;
  readonly now: Date;
  /** What is read of the accounts. */
  readonly emails?: readonly string[];
  /** Ids, slugs and names. */
  readonly teams?: readonly string[];
  /** Every other account and team is read, too. */
  readonly all?: boolean;
}

/** The steps of a plan in their order: nobody joins a team before it is made. */
const STEPS = {
  'user:create': 'Users',
  'user:set': 'State of users',
  'user:password': 'Passwords',
  'team:create': 'Teams',
  'team:set': 'Settings of teams',
  'team:add': 'Members',
  'team:role': 'Owners and members',
  'team:grant': 'Roles of members at their team',
  'assign:rows': 'Team, owner and visibility',
  'team:move': 'Resources of deleted teams',
  'team:remove': 'Members removed',
  'team:delete': 'Teams deleted',
} as const;
type StepId = keyof typeof STEPS;
const STEP_IDS = Object.keys(STEPS) as StepId[];

/** A team as the plan leaves it. */
export interface TeamPage {
  readonly team: Team;
  /** By email. */
  readonly members: Map<string, Member>;
  /** Roles that somebody has at the team, by id: active rows of `user_roles`. */
  readonly grants: Map<string, { readonly id: string; readonly email: string; readonly role: string }>;
  /** Active members that were there. */
  before: number;
  isTouched: boolean;
}

/**
 * Those users and teams that a command names, as they are and as a plan leaves them: what plans it changes both
 * here, so that several of them can follow one another, and what must hold at the end is looked at once, in `close`.
 */
export class Book {
  readonly db: Connection;
  readonly schema: Schema;
  readonly settings: Settings;
  readonly now: Date;
  /** True, as the database has it. */
  readonly yes: unknown;
  /** Who does it: an administrator of the database; '' where there is none. */
  readonly actor: string;
  /** By normalised email. */
  readonly users = new Map<string, User>();
  /** By id. */
  readonly pages = new Map<string, TeamPage>();
  /** Ids of the active roles at a team, by name. */
  readonly roles = new Map<string, string>();
  /** Active memberships of each user in teams that are not personal. */
  readonly memberships = new Map<string, number>();
  readonly problems: Text[] = [];
  /** What is named and not there, besides teams and users. */
  readonly missing: Text[] = [];
  readonly warnings: Text[] = [];
  readonly #steps = new Map<StepId, DataStep & { summary: string[]; statements: Statement[] }>();
  readonly #unknown: (readonly [what: 'team' | 'user', text: string])[] = [];
  readonly #grew = new Set<string>();
  #hasAdmin = true;

  constructor(db: Connection, schema: Schema, { settings, now }: BookInput, actor: string) {
    this.db = db;
    this.schema = schema;
    this.settings = settings;
    this.now = now;
    this.yes = db.dialect.boolean(true);
    this.actor = actor;
  }

  /** Adds what a plan does to the step of this kind. */
  write(id: StepId, said: string, statements: readonly Statement[]): void {
    const step = this.#steps.get(id) ?? { id, title: STEPS[id], summary: [], statements: [] };
    this.#steps.set(id, step);
    if (said !== '') step.summary.push(said);
    step.statements.push(...statements);
  }

  add(id: StepId, said: string, table: string, row: Row): void {
    this.write(id, said, [insertRow(this.db, table, row)]);
  }

  set(id: StepId, said: string, table: string, keys: readonly string[], values: Row): void {
    const key = table === 'email_users' ? 'email' : 'id';
    this.write(id, said, updateRows(this.db, table, [key, keys], values));
  }

  /** The user, whatever the case that it is typed in; a problem where there is none. */
  user(text: string): User | undefined {
    const user = this.users.get(normaliseEmail(text));
    if (user === undefined) this.#unknown.push(['user', text]);
    return user;
  }

  /** Those of the users that there are. */
  usersOf(texts: readonly string[]): User[] {
    return texts.flatMap((text) => this.user(text) ?? []);
  }

  teams(): Team[] {
    return [...this.pages.values()].map(({ team }) => team);
  }

  /**
   * The team with this id, slug or name; a problem where there is none, or more than one.
   *
   * @param deleted one that is not active does, where no other is meant
   */
  team(text: string, deleted = false): Team | undefined {
    const wanted = text.trim();
    const byId = this.pages.get(wanted)?.team;
    const named = this.teams().filter(({ name, slug }) => name === wanted || slug === wanted);
    const all = byId === undefined ? named : [byId];
    const active = all.filter(({ isActive }) => isActive);
    const found = active.length > 0 ? active : all;
    const [first, ...more] = found;
    if (first === undefined) this.#unknown.push(['team', text]);
    else if (more.length > 0) {
      const which = found.map(({ id, slug, name }) => `${id} (${slug}, “${name}”)`).join(', ');
      this.problems.push(`“${wanted}” is more than one team; say which by its id: ${which}`);
    } else if (first.isActive || deleted) return first;
    else {
      this.problems.push(
        advise`The team “${first.name}” is deleted; what makes it again: ${mcpgw('team', 'create', first.name)}`,
      );
    }
    return undefined;
  }

  page({ id }: Pick<Team, 'id'>): TeamPage {
    const page = this.pages.get(id);
    if (page === undefined) throw new GatewayError('INTERNAL', `The team ${id} was not read.`);
    return page;
  }

  activeMembers(team: Team): Member[] {
    return [...this.page(team).members.values()].filter(({ isActive }) => isActive);
  }

  /** A team that the plan makes, or that was read. */
  addTeam(team: Team): void {
    const page = { team, members: new Map(), grants: new Map(), before: 0, isTouched: false };
    this.pages.set(team.id, page);
  }

  /**
   * The members of a team are others, or other ones own it: `close` looks at that.
   *
   * @param by how many more teams the user is in
   */
  touch(team: Team, email: string, by: 1 | -1 | 0): void {
    this.page(team).isTouched = true;
    if (by === 0 || team.isPersonal) return;
    this.memberships.set(email, (this.memberships.get(email) ?? 0) + by);
    if (by > 0) this.#grew.add(email);
  }

  /** Somebody is no administrator any more: `close` looks whether another one is. */
  async countAdmins(): Promise<void> {
    const rows = await this.db.query<{ email: string }>(
      sql`SELECT email FROM email_users WHERE is_admin = ${this.yes} AND is_active = ${this.yes}`,
    );
    this.#hasAdmin =
      rows.some(({ email }) => !this.users.has(normaliseEmail(email))) ||
      [...this.users.values()].some(({ isAdmin, isActive }) => isAdmin && isActive);
  }

  /**
   * The steps of the plan, when all of it may be done.
   *
   * @throws GatewayError with everything that is wrong: USAGE where something that is named is not there, else PREFLIGHT
   */
  async close(): Promise<{ readonly steps: readonly DataStep[]; readonly warnings: readonly Text[] }> {
    for (const page of this.pages.values()) this.#refuseUnfit(page);
    const most = this.settings.maxTeamsPerUser;
    for (const email of this.#grew) {
      const count = this.memberships.get(email) ?? 0;
      if (count > most)
        this.problems.push(
          `${email} would be in ${plural(count, 'team')}, and MAX_TEAMS_PER_USER is ${most}`,
        );
    }
    if (!this.#hasAdmin)
      this.problems.push('Nobody would be left who is an active administrator; make somebody else one first');
    const unknown = [...this.missing];
    for (const [what, text] of this.#unknown)
      unknown.push(`There is no ${what} “${text}”.${nearestTo(text, await this.#namesOf(what))}`);
    const details = [...unknown, ...this.problems];
    if (details.length === 0)
      return { steps: STEP_IDS.flatMap((id) => this.#steps.get(id) ?? []), warnings: this.warnings };
    const isUnknown = unknown.length > 0;
    const message = isUnknown ? 'Something is named that is not there.' : 'This cannot be done.';
    throw new GatewayError(isUnknown ? 'USAGE' : 'PREFLIGHT', message, {
      details,
      hint: 'Nothing was changed.',
    });
  }

  #refuseUnfit({ team, before, isTouched }: TeamPage): void {
    if (!isTouched || !team.isActive) return;
    const members = this.activeMembers(team);
    const most = team.maxMembers ?? 0;
    if (most > 0 && members.length > most && members.length > before)
      this.problems.push(
        `“${team.name}” would have ${plural(members.length, 'member')}, and its limit is ${most}`,
      );
    if (!members.some(({ role }) => role === 'owner'))
      this.problems.push(`“${team.name}” would be without an owner; make somebody else one first`);
  }

  async #namesOf(what: 'team' | 'user'): Promise<string[]> {
    const names =
      what === 'user'
        ? sql<{ name: string }>`SELECT email AS name FROM email_users`
        : sql<{ name: string }>`SELECT name FROM email_teams WHERE is_active = ${this.yes}
            UNION SELECT slug FROM email_teams WHERE is_active = ${this.yes}`;
    return (await this.db.query(names)).map(({ name }) => name);
  }
}

type Found = Readonly<Record<string, unknown>>;

/** Reads the users and teams that are named, the teams' members, and what these are in besides. */
export async function openBook(db: Connection, schema: Schema, input: BookInput): Promise<Book> {
  const { emails = [], teams = [], all = false, now } = input;
  const admin = await findAdmin(db, schema, input.settings);
  const users = all
    ? await db.query<Found>(sql`SELECT * FROM email_users`)
    : await inParts([...emails, admin].map(normaliseEmail), (some) =>
        db.query<Found>(sql`SELECT * FROM email_users WHERE lower(email) IN (${some})`),
      );
  const book = new Book(db, schema, input, users.some(({ email }) => email === admin) ? admin : '');
  for (const row of users) book.users.set(normaliseEmail(String(row.email)), userOf(row, now));
  const found = all
    ? await db.query<Found>(sql`SELECT * FROM email_teams`)
    : await inParts(
        teams.map((text) => text.trim()),
        (some) =>
          db.query<Found>(
            sql`SELECT * FROM email_teams WHERE id IN (${some}) OR slug IN (${some}) OR name IN (${some})`,
          ),
      );
  for (const row of found) book.addTeam(teamOf(row));
  await readMembers(book);
  await countMemberships(book);
  return book;
}

const textOf = (value: unknown) => (value === null ? null : String(value));

const userOf = (row: Found, now: Date): User => ({
  email: String(row.email),
  fullName: textOf(row.full_name),
  isAdmin: isTrue(row.is_admin),
  isActive: isTrue(row.is_active),
  isLocked:
    Number(row.failed_login_attempts) > 0 || (row.locked_until !== null && momentOf(row.locked_until) > now),
  isLocal: row.auth_provider === 'local',
  passwordHash: textOf(row.password_hash) ?? '',
});

const teamOf = (row: Found): Team => ({
  id: String(row.id),
  name: String(row.name),
  slug: String(row.slug),
  description: textOf(row.description),
  isPersonal: isTrue(row.is_personal),
  visibility: String(row.visibility),
  maxMembers: row.max_members === null ? null : Number(row.max_members),
  isActive: isTrue(row.is_active),
});

/** Drivers give a Date, or text in UTC. */
export function momentOf(value: unknown): Date {
  return value instanceof Date ? value : new Date(`${String(value).replace(' ', 'T').slice(0, 19)}Z`);
}

/** Reads teams, with their members, that are not in the book yet. */
export async function readTeams(book: Book, ids: readonly string[]): Promise<void> {
  const missing = ids.filter((id) => !book.pages.has(id));
  const rows = await inParts(missing, (some) =>
    book.db.query<Found>(sql`SELECT * FROM email_teams WHERE id IN (${some})`),
  );
  for (const row of rows) book.addTeam(teamOf(row));
  if (rows.length > 0) await readMembers(book, missing);
}

async function readMembers({ db, pages, roles, yes }: Book, ids = [...pages.keys()]): Promise<void> {
  const rows = await db.query<{ id: string; name: string }>(
    sql`SELECT id, name FROM roles WHERE scope = 'team' AND is_active = ${yes} ORDER BY created_at DESC, id`,
  );
  for (const { id, name } of rows) roles.set(name, id);
  const members = await inParts(ids, (some) =>
    db.query<Found>(sql`SELECT * FROM email_team_members WHERE team_id IN (${some})`),
  );
  for (const row of members) {
    const [email, isActive] = [String(row.user_email), isTrue(row.is_active)];
    const page = pages.get(String(row.team_id));
    page?.members.set(email, { id: String(row.id), email, role: String(row.role), isActive });
    if (page !== undefined && isActive) page.before++;
  }
  const grants = await inParts(ids, (some) =>
    db.query<{ id: string; team: string; email: string; role: string }>(
      sql`SELECT u.id, u.scope_id AS team, u.user_email AS email, r.name AS role
          FROM user_roles u JOIN roles r ON r.id = u.role_id
          WHERE u.scope = 'team' AND u.is_active = ${yes} AND u.scope_id IN (${some})`,
    ),
  );
  for (const { team, ...grant } of grants) pages.get(team)?.grants.set(grant.id, grant);
}

async function countMemberships({ db, users, memberships, yes }: Book): Promise<void> {
  const emails = [...users.values()].map(({ email }) => email);
  const rows = await inParts(emails, (some) =>
    db.query<{ email: string; n: unknown }>(
      sql`SELECT m.user_email AS email, count(*) AS n
          FROM email_team_members m JOIN email_teams t ON t.id = m.team_id
          WHERE m.is_active = ${yes} AND t.is_active = ${yes} AND t.is_personal <> ${yes}
            AND m.user_email IN (${some}) GROUP BY m.user_email`,
    ),
  );
  for (const { email, n } of rows) memberships.set(email, Number(n));
}

/** Values in one IN (…). */
const AT_ONCE = 1_000;

/** Asks for many values a part at a time. */
export async function inParts<Row>(
  values: readonly string[],
  ask: (some: ReturnType<typeof sql.join>) => Promise<Row[]>,
): Promise<Row[]> {
  const each = [...new Set(values)];
  const found: Row[] = [];
  for (let first = 0; first < each.length; first += AT_ONCE)
    found.push(...(await ask(sql.join(each.slice(first, first + AT_ONCE)))));
  return found;
}
