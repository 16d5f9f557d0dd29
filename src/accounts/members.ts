import { randomUUID } from 'node:crypto';
import { advise, mcpgw } from '../report/advice.ts';
import { memberRow, roleRow } from '../seed/account-rows.ts';
import { DEFAULT_ROLES } from '../seed/default-roles.ts';
import { nearestTo } from '../settings/nearest-names.ts';
import type { Book, Team, User } from './book.ts';

export const MEMBER_ROLES = ['owner', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
/** What a membership does not give: the permissions of the API at one team (CONFIGURATION C3). */
export const GRANTS: readonly string[] = DEFAULT_ROLES.flatMap(({ name, scope }) =>
  scope === 'team' ? name : [],
);
const SHOWN = 3;

/** One of a few words, in any case; a problem with the nearest where it is none. */
export function wordOf<const Word extends string>(
  { problems }: Pick<Book, 'problems'>,
  what: string,
  text: string,
  words: readonly Word[],
): Word | undefined {
  const word = words.find((one) => one === text.trim().toLowerCase());
  if (word !== undefined) return word;
  problems.push(`There is no ${what} “${text}”; it is one of ${words.join(', ')}.${nearestTo(text, words)}`);
  return undefined;
}

/** Whether it is a personal team, which is a problem then: what is asked for is not for such a one. */
export function refusePersonal({ problems }: Pick<Book, 'problems'>, team: Team, why: string): boolean {
  if (team.isPersonal) problems.push(`“${team.name}” is a personal team: ${why}`);
  return team.isPersonal;
}

/** Somebody becomes an active member, or one again with the row that is there (CONFIGURATION C2). */
export function join(book: Book, team: Team, email: string, role: string, invitedBy: string | null): void {
  const { members } = book.page(team);
  const said = `${email} joins “${team.name}” as ${role}`;
  const row = memberRow(team.id, email, role, invitedBy, book.now);
  const { id = String(row.id) } = members.get(email) ?? {};
  const again = { role, joined_at: book.now, invited_by: invitedBy, is_active: true };
  if (members.has(email)) book.set('team:add', said, 'email_team_members', [id], again);
  else book.add('team:add', said, 'email_team_members', row);
  members.set(email, { id, email, role, isActive: true });
  book.touch(team, email, 1);
}

/** A user joins a team that is not personal; whoever is a member already stays as they are. */
export function addMember(
  book: Book,
  team: Team,
  user: User,
  role: MemberRole | undefined,
  grant?: string,
): void {
  const { email } = user;
  const member = book.page(team).members.get(email);
  if (refusePersonal(book, team, 'nobody can join it')) return;
  if (member?.isActive !== true) {
    join(book, team, email, role ?? 'member', book.actor || null);
    if (!user.isActive) book.warnings.push(`${email} is not active: it cannot log in.`);
  } else if (role !== undefined && member.role !== role) {
    book.problems.push(
      advise`${email} is ${member.role} of “${team.name}” already. To change that: ${mcpgw('team', 'role', team.slug, email, role)}`,
    );
  }
  if (grant !== undefined) grantRole(book, team, user, grant);
}

/** A role of the API at a team. */
export function grantRole(book: Book, team: Team, { email }: User, role: string): void {
  const { grants } = book.page(team);
  if ([...grants.values()].some((grant) => grant.email === email && grant.role === role)) return;
  const roleId = book.roles.get(role);
  if (roleId === undefined) {
    book.problems.push(
      advise`This database has no role ${role}. What makes it: ${mcpgw('fix', '--only', 'roles.missing')}`,
    );
    return;
  }
  const id = randomUUID();
  const row = roleRow(id, roleId, email, team.id, book.actor || email, book.now);
  book.add('team:grant', `${email} gets ${role} at “${team.name}”`, 'user_roles', row);
  grants.set(id, { id, email, role });
}

/** Says who can do nothing through the API, where nothing was granted: a membership alone gives no permission. */
export function warnOfNoRole(book: Book, team: Team, users: readonly User[]): void {
  const has = new Set([...book.page(team).grants.values()].map(({ email }) => email));
  const without = users.filter((user) => !user.isAdmin && !has.has(user.email)).map(({ email }) => email);
  if (without.length === 0) return;
  const shown = without.slice(0, SHOWN);
  const more = without.length > SHOWN ? ` and ${without.length - SHOWN} more` : '';
  book.warnings.push(
    advise`A membership gives no permission in v0.7.0: its API answers 403 to ${shown.join(', ')}${more}. To give the permissions of a role: ${mcpgw('team', 'add', team.slug, ...shown, '--grant', 'developer')}`,
  );
}

/** Somebody is no member any more, and has no role at the team; the row is kept (CONFIGURATION C2). */
export function removeMember(book: Book, team: Team, { email }: User): void {
  const member = book.page(team).members.get(email);
  if (refusePersonal(book, team, 'its member stays')) return;
  if (member?.isActive === true) {
    const said = `${email} leaves “${team.name}”`;
    book.set('team:remove', said, 'email_team_members', [member.id], { is_active: false });
    member.isActive = false;
    book.touch(team, email, -1);
  }
  revokeRoles(book, team, (whose) => whose === email);
}

/** Takes roles at a team away: whoever has one may ask the API for what the team has, member or not. */
export function revokeRoles(book: Book, team: Team, isLost: (email: string, role: string) => boolean): void {
  const { grants } = book.page(team);
  const lost = [...grants.values()].filter(({ email, role }) => isLost(email, role));
  if (lost.length === 0) return;
  const said = lost.map(({ email, role }) => `${email} loses ${role} at “${team.name}”`).join('; ');
  const ids = lost.map(({ id }) => id);
  book.set('team:remove', said, 'user_roles', ids, { is_active: false });
  for (const id of ids) grants.delete(id);
}

/** A member becomes owner, or an owner member. */
export function setRole(book: Book, team: Team, { email }: User, role: MemberRole): void {
  const member = book.page(team).members.get(email);
  if (refusePersonal(book, team, 'the role in it stays')) return;
  if (member?.isActive !== true) {
    book.problems.push(
      advise`${email} is no member of “${team.name}”. To make it one: ${mcpgw('team', 'add', team.slug, email, '--role', role)}`,
    );
  } else if (member.role !== role) {
    const said = `${email} is ${role} of “${team.name}”, and was ${member.role}`;
    book.set('team:role', said, 'email_team_members', [member.id], { role });
    member.role = role;
    book.touch(team, email, 0);
  }
}
