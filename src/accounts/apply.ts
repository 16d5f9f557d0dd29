import { randomBytes } from 'node:crypto';
import { normaliseEmail } from '../settings/admin-email.ts';
import type { Settings } from '../settings/settings.ts';
import type { ApplyFile } from './apply-file.ts';
import type { Book, Team } from './book.ts';
import { addMember, grantRole, removeMember, revokeRoles, setRole } from './members.ts';
import { createTeam, deleteTeam, setTeam, slugOf } from './teams.ts';
import { changeUser, createUser, type Hash, personalSlugs } from './users.ts';

export type UserWish = NonNullable<ApplyFile['users']>[number];
type TeamWish = NonNullable<ApplyFile['teams']>[number];

/** The accounts and teams that a file names, for `openBook`. */
export function namedIn({ users = [], teams = [] }: ApplyFile, settings: Settings) {
  return {
    emails: [...users, ...teams.flatMap(({ members = [] }) => members)].map(({ email }) => email),
    teams: [
      ...teams.flatMap(({ name, slug = slugOf({ settings }, name, '') }) => [name, slug]),
      ...users.flatMap(({ email, fullName }) => personalSlugs(email, fullName, settings)),
    ],
  };
}

/**
 * Plans the difference between what is there and what a file says.
 *
 * @param hashOf the hash of a new user's password
 * @param prune what the file does not list goes, too: members of its teams, teams, and local users
 */
export async function applyTo(
  book: Book,
  file: ApplyFile,
  hashOf: (user: UserWish) => Hash,
  prune: boolean,
): Promise<void> {
  for (const user of file.users ?? []) await applyUser(book, user, hashOf(user));
  const listed = new Set<string>();
  for (const wish of file.teams ?? []) {
    const team = await applyTeam(book, wish);
    if (team === undefined) continue;
    listed.add(team.id);
    if (prune && wish.members !== undefined) pruneMembers(book, team, wish.members);
  }
  if (!prune) return;
  const isOther = (team: Team) => team.isActive && !team.isPersonal && !listed.has(team.id);
  if (file.teams !== undefined)
    for (const team of book.teams().filter(isOther)) await deleteTeam(book, team, undefined);
  if (file.users === undefined) return;
  const named = new Set([...namedIn(file, book.settings).emails, book.actor].map(normaliseEmail));
  const others = [...book.users].filter(
    ([email, user]) => user.isActive && user.isLocal && !named.has(email),
  );
  for (const [, user] of others) await changeUser(book, user, 'deactivate');
}

async function applyUser(
  book: Book,
  { email, fullName, admin, active }: UserWish,
  hash: Hash,
): Promise<void> {
  const there = book.users.get(normaliseEmail(email));
  const user = there ?? (await createUser(book, { email, fullName, admin, hash }));
  if (user === undefined) return;
  if (there !== undefined && fullName !== undefined && fullName !== (there.fullName ?? '')) {
    const values = { full_name: fullName, updated_at: book.now };
    book.set('user:set', `${there.email} is called “${fullName}”`, 'email_users', [there.email], values);
  }
  if (admin !== undefined) await changeUser(book, user, admin ? 'promote' : 'demote');
  if (active !== undefined) await changeUser(book, user, active ? 'activate' : 'deactivate');
}

async function applyTeam(book: Book, { members = [], slug, ...wish }: TeamWish): Promise<Team | undefined> {
  const wanted = slug ?? slugOf(book, wish.name, '');
  const shared = book.teams().filter((team) => team.isActive && !team.isPersonal);
  const named = shared.filter(({ name }) => name === wish.name);
  const there = shared.find((team) => team.slug === wanted) ?? (named.length === 1 ? named[0] : undefined);
  const first = members.find(({ role }) => role === 'owner')?.email ?? book.actor;
  const team =
    there !== undefined && (slug !== undefined || there.name === wish.name)
      ? there
      : await createTeam(book, wish, book.user(first));
  if (team === undefined) return undefined;
  if (team === there) setTeam(book, team, wish);
  for (const { email, role, grants = [] } of members) {
    const user = book.user(email);
    if (user === undefined) continue;
    const isMember = book.page(team).members.get(user.email)?.isActive === true;
    if (!isMember) addMember(book, team, user, role);
    else if (role !== undefined) setRole(book, team, user, role);
    for (const grant of grants) grantRole(book, team, user, grant);
  }
  return team;
}

function pruneMembers(book: Book, team: Team, members: NonNullable<TeamWish['members']>): void {
  const listed = new Map(members.map(({ email, grants }) => [normaliseEmail(email), grants]));
  for (const { email } of book.activeMembers(team)) {
    const user = book.user(email);
    if (user !== undefined && !listed.has(normaliseEmail(email))) removeMember(book, team, user);
  }
  revokeRoles(book, team, (email, role) => {
    const grants = listed.get(normaliseEmail(email));
    return grants !== undefined && !grants.some((grant) => grant === role);
  });
}

/** Of an account that nobody has a password for yet. */
export const noPassword = () => randomBytes(24).toString('base64url');
