import { sql } from 'kysely';
import { countRows } from '../database/row-counts.ts';
import { hexId } from '../database/rows.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { registrationRow, teamRow, userRow } from '../seed/account-rows.ts';
import { ADMIN_ROLE } from '../seed/default-roles.ts';
import { type PasswordHash, verifyPassword } from '../seed/password.ts';
import { personalTeam, personalTeamOf } from '../seed/personal-team.ts';
import { brokenEmailRules, normaliseEmail } from '../settings/admin-email.ts';
import type { Settings } from '../settings/settings.ts';
import type { Book, User } from './book.ts';
import { join } from './members.ts';

/** The hash of a new password, made once and only for a plan that is run: it takes its time by design. */
export type Hash = () => Promise<PasswordHash>;

export interface NewUserWish {
  readonly email: string;
  readonly fullName?: string | undefined;
  readonly admin?: boolean | undefined;
  /** Compared with that of a user who is there already. */
  readonly password?: string | undefined;
  readonly hash: Hash;
}

/** Slugs that the personal team of a new user may take: they have to be read. */
export const personalSlugs = (email: string, fullName: string | undefined, settings: Settings) =>
  personalTeam(normaliseEmail(email), fullName ?? null, settings).slugs;

/**
 * Makes a user with personal team, membership and event as the gateway does (CONFIGURATION C4), with another slug where
 * that of the name is taken; one that is there already as wished stays as it is.
 */
export async function createUser(
  book: Book,
  { email: text, fullName, admin: isAdmin = false, password: asked, hash }: NewUserWish,
): Promise<User | undefined> {
  const { now, settings } = book;
  const email = normaliseEmail(text);
  const there = book.users.get(email);
  if (there !== undefined) {
    const is = (what: string, change: Command) =>
      book.problems.push(advise`The user ${email} is there already, ${what}: ${change}`);
    if (fullName !== undefined && fullName !== (there.fullName ?? ''))
      is(`with the name “${there.fullName ?? ''}”`, mcpgw('user', 'show', email));
    if (isAdmin && !there.isAdmin) is('and no administrator', mcpgw('user', 'promote', email));
    if (asked !== undefined && !(await verifyPassword(there.passwordHash, asked)))
      is('with another password', mcpgw('user', 'password', email));
    return there;
  }
  const rules = brokenEmailRules(email);
  book.problems.push(...rules.map((rule) => `“${text}”: ${rule}`));
  if (rules.length > 0) return undefined;
  const password = await hash();
  const made = { email, fullName: fullName ?? null, isAdmin };
  const said = `${email}${isAdmin ? ', an administrator' : ''}`;
  book.add('user:create', said, 'email_users', userRow({ ...made, verifiedAt: null, password }, now));
  book.add('user:create', '', 'email_auth_events', registrationRow(email, now));
  const user = { ...made, isActive: true, isLocked: false, isLocal: true, passwordHash: password.hash };
  book.users.set(email, user);
  if (settings.autoCreatePersonalTeams) makePersonalTeam(book, user);
  return user;
}

function makePersonalTeam(book: Book, { email, fullName }: User): void {
  const wanted = personalTeam(email, fullName, book.settings);
  const taken = new Set(book.teams().map((team) => team.slug));
  const slug = wanted.slugs.find((one) => one !== '' && !taken.has(one));
  if (slug === undefined) {
    book.problems.push(`Both slugs of the personal team of ${email} are taken: ${wanted.slugs.join(', ')}`);
    return;
  }
  const team = { ...personalTeamOf(email, wanted, slug), id: hexId(), isActive: true };
  book.addTeam(team);
  book.add('team:create', `personal team “${team.name}” (${slug})`, 'email_teams', teamRow(team, book.now));
  join(book, team, email, 'owner', null);
}

/** Gives a user another password; the one it has already changes nothing. */
export async function setPassword(book: Book, user: User, password: string, hash: Hash): Promise<void> {
  if (await verifyPassword(user.passwordHash, password)) return;
  const made = await hash();
  const values = { password_hash: made.hash, password_hash_type: made.type, updated_at: book.now };
  book.set('user:password', `${user.email} gets another password`, 'email_users', [user.email], values);
}

/** The columns of each change, how the user is afterwards, and how that is said. */
const CHANGES = {
  activate: [{ is_active: true }, { isActive: true }, 'becomes active'],
  deactivate: [{ is_active: false }, { isActive: false }, 'becomes inactive'],
  unlock: [{ failed_login_attempts: 0, locked_until: null }, { isLocked: false }, 'is not locked any more'],
  promote: [{ is_admin: true }, { isAdmin: true }, 'becomes an administrator'],
  demote: [{ is_admin: false }, { isAdmin: false }, 'is no administrator any more'],
} as const;
export type UserChange = keyof typeof CHANGES;
export const USER_CHANGES = Object.keys(CHANGES) as UserChange[];

/** Changes the state of a user. The last active administrator stays (`Book.close` looks at that). */
export async function changeUser(book: Book, user: User, change: UserChange): Promise<void> {
  const [columns, then, said] = CHANGES[change];
  if (change === 'demote') await revokeAdminRole(book, user);
  if (Object.entries(then).every(([key, value]) => user[key as keyof User] === value)) return;
  const { email } = user;
  book.set('user:set', `${email} ${said}`, 'email_users', [email], { ...columns, updated_at: book.now });
  Object.assign(user, then);
  if (change === 'demote' || change === 'deactivate') await book.countAdmins();
  if (change === 'deactivate') await warnOfBelongings(book, email);
}

/** The role gives every permission also to somebody who is no administrator. */
async function revokeAdminRole(book: Book, { email }: User): Promise<void> {
  const rows = await book.db.query<{ id: string }>(
    sql`SELECT u.id FROM user_roles u JOIN roles r ON r.id = u.role_id
        WHERE u.user_email = ${email} AND u.is_active = ${book.yes} AND u.scope = 'global' AND r.name = ${ADMIN_ROLE}`,
  );
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  book.set('user:set', `${email} loses the role ${ADMIN_ROLE}`, 'user_roles', ids, { is_active: false });
}

/** What an inactive user still has: rows, and teams that nobody else owns. */
async function warnOfBelongings({ db, yes, warnings, actor }: Book, email: string): Promise<void> {
  const owned: string[] = [];
  for (const { name } of OWNED_TABLES) {
    const rows = await countRows(db, sql`${sql.table(name)} WHERE owner_email = ${email}`);
    if (rows > 0) owned.push(`${rows} of ${name}`);
  }
  if (owned.length > 0)
    warnings.push(
      advise`${email} still owns ${owned.join(', ')}. To give it to somebody else: ${mcpgw('assign', '--owner-from', email, '--owner', actor)}`,
    );
  const teams = await db.query<{ name: string }>(sql`
    SELECT t.name FROM email_teams t JOIN email_team_members m ON m.team_id = t.id
    WHERE m.user_email = ${email} AND m.role = 'owner' AND m.is_active = ${yes} AND t.is_active = ${yes}
      AND t.is_personal <> ${yes} AND NOT EXISTS (
        SELECT 1 FROM email_team_members o JOIN email_users u ON u.email = o.user_email
        WHERE o.team_id = t.id AND o.role = 'owner' AND o.is_active = ${yes} AND u.is_active = ${yes}
          AND o.user_email <> ${email}) ORDER BY t.name`);
  const names = teams.map(({ name }) => `“${name}”`).join(', ');
  if (names !== '') warnings.push(`Nobody else who is active owns ${names}.`);
}
