import { randomUUID } from 'node:crypto';
import { insertRow, updateRows } from '../database/rows.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { assignmentRow, memberRow } from '../seed/account-rows.ts';
import { DEFAULT_ROLES } from '../seed/default-roles.ts';
import { nearestTo } from '../settings/nearest-names.ts';
import type { Book, Team, User } from './book.ts';

export const MEMBER_ROLES = ['owner', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
/** What a membership does not give: the permissions of the API at one team (CONFIGURATION C3). */
export const GRANTS: readonly string[] = DEFAULT_ROLES.filter(({ scope }) => scope === 'team').map(
  ({ name }) => name,
);

/** One of a few words, in any case; a problem with the nearest where it is none. */
export function wordOf<const Word extends string>(
  book: Pick<Book, 'problems'>,
  what: string,
  text: string,
  words: readonly Word[],
): Word | undefined {
  const word = words.find((one) => one === text.trim().toLowerCase());
  if (word !== undefined) return word;
  const near = nearestTo(text, words);
  book.problems.push(`There is no ${what} “${text}”; it is one of ${words.join(', ')}.${near}`);
  return undefined;
}

/** Somebody becomes a member, or one again (CONFIGURATION C2); whoever is one already stays as they are. */
export function addMember(
  book: Book,
  team: Team,
  user: User,
  role: MemberRole | undefined,
  grant?: string,
): void {
  const { db, now } = book;
  const member = book.page(team).members.get(user.email);
  if (team.isPersonal) {
    book.problems.push(`“${team.name}” is a personal team: nobody can join it`);
    return;
  }
  if (member?.isActive !== true) {
    const wanted = role ?? 'member';
    const invitedBy = book.actor || null;
    const statements =
      member === undefined
        ? [
            insertRow(
              db,
              'email_team_members',
              memberRow({ teamId: team.id, email: user.email, role: wanted, invitedBy, now }),
            ),
          ]
        : updateRows(db, 'email_team_members', ['id', [member.id]], {
            role: wanted,
            joined_at: now,
            invited_by: invitedBy,
            is_active: true,
          });
    book.write('team:add', `${user.email} joins “${team.name}” as ${wanted}`, statements);
    const id = member?.id ?? '';
    book.page(team).members.set(user.email, { id, email: user.email, role: wanted, isActive: true });
    book.touch(team, user.email, 1);
    if (!user.isActive) book.warnings.push(`${user.email} is not active: it cannot log in.`);
  } else if (role !== undefined && member.role !== role) {
    book.problems.push(
      advise`${user.email} is ${member.role} of “${team.name}” already. To change that: ${mcpgw('team', 'role', team.slug, user.email, role)}`,
    );
  }
  if (grant !== undefined) grantRole(book, team, user, grant);
}

/** A role of the API at a team. */
export function grantRole(book: Book, team: Team, user: User, role: string): void {
  const { db, now } = book;
  const { grants } = book.page(team);
  if ([...grants.values()].some((grant) => grant.email === user.email && grant.role === role)) return;
  const roleId = book.roles.get(role);
  if (roleId === undefined) {
    book.problems.push(
      advise`This database has no role ${role}. What makes it: ${mcpgw('fix', '--only', 'roles.missing')}`,
    );
    return;
  }
  const id = randomUUID();
  const grantedBy = book.actor || user.email;
  const row = assignmentRow({
    id,
    email: user.email,
    roleId,
    scope: 'team',
    scopeId: team.id,
    grantedBy,
    now,
  });
  book.write('team:grant', `${user.email} gets ${role} at “${team.name}”`, [
    insertRow(db, 'user_roles', row),
  ]);
  grants.set(id, { id, email: user.email, role });
}

/** Says who can do nothing through the API, where nothing was granted: a membership alone gives no permission. */
export function warnOfNoRole(book: Book, team: Team, users: readonly User[]): void {
  const { grants } = book.page(team);
  const has = new Set([...grants.values()].map(({ email }) => email));
  const without = users.filter((user) => !user.isAdmin && !has.has(user.email)).map(({ email }) => email);
  if (without.length === 0) return;
  const who =
    without.length > 3
      ? `${without.slice(0, 3).join(', ')} and ${without.length - 3} more`
      : without.join(', ');
  book.warnings.push(
    advise`A membership gives no permission in v0.7.0: its API answers 403 to ${who}. To give the permissions of a role: ${mcpgw('team', 'add', team.slug, ...without.slice(0, 3), '--grant', 'developer')}`,
  );
}

/** Somebody is no member any more, and has no role at the team; the row is kept (CONFIGURATION C2). */
export function removeMember(book: Book, team: Team, user: User): void {
  const { db } = book;
  const member = book.page(team).members.get(user.email);
  if (team.isPersonal) {
    book.problems.push(`“${team.name}” is a personal team: its member stays`);
    return;
  }
  if (member?.isActive === true) {
    const statements = updateRows(db, 'email_team_members', ['id', [member.id]], { is_active: false });
    book.write('team:remove', `${user.email} leaves “${team.name}”`, statements);
    member.isActive = false;
    book.touch(team, user.email, -1);
  }
  revokeRoles(book, team, (email) => email === user.email);
}

/** Takes roles at a team away: whoever has one may ask the API for what the team has, member or not. */
export function revokeRoles(book: Book, team: Team, whose: (email: string, role: string) => boolean): void {
  const { grants } = book.page(team);
  const lost = [...grants.values()].filter(({ email, role }) => whose(email, role));
  if (lost.length === 0) return;
  const ids = lost.map(({ id }) => id);
  const summary = lost.map(({ email, role }) => `${email} loses ${role} at “${team.name}”`).join('; ');
  book.write('team:remove', summary, updateRows(book.db, 'user_roles', ['id', ids], { is_active: false }));
  for (const id of ids) grants.delete(id);
}

/** A member becomes owner, or an owner member. */
export function setRole(book: Book, team: Team, user: User, role: MemberRole): void {
  const member = book.page(team).members.get(user.email);
  if (team.isPersonal) {
    book.problems.push(`“${team.name}” is a personal team: the role in it stays`);
  } else if (member?.isActive !== true) {
    book.problems.push(
      advise`${user.email} is no member of “${team.name}”. To make it one: ${mcpgw('team', 'add', team.slug, user.email, '--role', role)}`,
    );
  } else if (member.role !== role) {
    const statements = updateRows(book.db, 'email_team_members', ['id', [member.id]], { role });
    book.write('team:role', `${user.email} is ${role} of “${team.name}”, and was ${member.role}`, statements);
    member.role = role;
    book.touch(team, user.email, 0);
  }
}
