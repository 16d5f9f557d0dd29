import { sql } from 'kysely';
import { countRows } from '../database/row-counts.ts';
import { hexId, insertRow, updateRows } from '../database/rows.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { memberRow, registrationRow, teamRow, userRow } from '../seed/account-rows.ts';
import { ADMIN_ROLE } from '../seed/default-roles.ts';
import { type PasswordHash, verifyPassword } from '../seed/password.ts';
import { personalTeam, personalTeamOf } from '../seed/personal-team.ts';
import { brokenEmailRules, normaliseEmail } from '../settings/admin-email.ts';
import type { Settings } from '../settings/settings.ts';
import type { Book, User } from './book.ts';

/** The hash of a new password, made once and only for a plan that is run: it takes its time by design. */
export type Hash = () => Promise<PasswordHash>;

export interface NewUserWish {
  readonly email: string;
  readonly fullName?: string | undefined;
  readonly admin?: boolean | undefined;
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
  { email: text, fullName, admin = false, hash }: NewUserWish,
): Promise<User | undefined> {
  const { db, now, settings } = book;
  const email = normaliseEmail(text);
  const there = book.users.get(email);
  if (there !== undefined) {
    const differs =
      (fullName !== undefined && fullName !== (there.fullName ?? '')) || (admin && !there.isAdmin);
    if (differs)
      book.problems.push(
        advise`The user ${email} is there already, and not as wished. See how: ${mcpgw('user', 'show', email)}`,
      );
    return there;
  }
  const rules = brokenEmailRules(email);
  book.problems.push(...rules.map((rule) => `“${text}”: ${rule}`));
  if (rules.length > 0) return undefined;
  const password = await hash();
  const statements = [
    insertRow(
      db,
      'email_users',
      userRow({ email, fullName: fullName ?? null, isAdmin: admin, verifiedAt: null, password, now }),
    ),
  ];
  const told = [`${email}${admin ? ', an administrator' : ''}`];
  if (settings.autoCreatePersonalTeams) {
    const team = personalTeam(email, fullName ?? null, settings);
    const taken = new Set([...book.pages.values()].map((page) => page.team.slug));
    const slug = team.slugs.find((one) => one !== '' && !taken.has(one));
    if (slug === undefined) {
      book.problems.push(`Both slugs of the personal team of ${email} are taken: ${team.slugs.join(', ')}`);
      return undefined;
    }
    const id = hexId();
    const row = { ...personalTeamOf(email, team, slug), id, now };
    const member = memberRow({ teamId: id, email, role: 'owner', invitedBy: null, now });
    statements.push(insertRow(db, 'email_teams', teamRow(row)), insertRow(db, 'email_team_members', member));
    book.addTeam({ ...row, isActive: true });
    book
      .page({ ...row, isActive: true })
      .members.set(email, { id: '', email, role: 'owner', isActive: true });
    told.push(`personal team “${team.name}” (${slug})`);
  }
  statements.push(insertRow(db, 'email_auth_events', registrationRow(email, now)));
  book.write('user:create', told.join(', '), statements);
  const user = {
    email,
    fullName: fullName ?? null,
    isAdmin: admin,
    isActive: true,
    isLocked: false,
    isLocal: true,
    passwordHash: password.hash,
  };
  book.users.set(email, user);
  return user;
}

/** Gives a user another password; the one it has already changes nothing. */
export async function setPassword(book: Book, user: User, password: string, hash: Hash): Promise<void> {
  if (await verifyPassword(user.passwordHash, password)) return;
  const made = await hash();
  const values = { password_hash: made.hash, password_hash_type: made.type, updated_at: book.now };
  book.write(
    'user:password',
    user.email,
    updateRows(book.db, 'email_users', ['email', [user.email]], values),
  );
}

export type UserChange = 'activate' | 'deactivate' | 'unlock' | 'promote' | 'demote';

const CHANGES: Readonly<
  Record<UserChange, { isDone(user: User): boolean; values: object; said: string; apply(user: User): void }>
> = {
  activate: {
    isDone: (user) => user.isActive,
    values: { is_active: true },
    said: 'becomes active',
    apply: (user) => {
      user.isActive = true;
    },
  },
  deactivate: {
    isDone: (user) => !user.isActive,
    values: { is_active: false },
    said: 'becomes inactive',
    apply: (user) => {
      user.isActive = false;
    },
  },
  unlock: {
    isDone: (user) => !user.isLocked,
    values: { failed_login_attempts: 0, locked_until: null },
    said: 'is not locked any more',
    apply: () => {},
  },
  promote: {
    isDone: (user) => user.isAdmin,
    values: { is_admin: true },
    said: 'becomes an administrator',
    apply: (user) => {
      user.isAdmin = true;
    },
  },
  demote: {
    isDone: (user) => !user.isAdmin,
    values: { is_admin: false },
    said: 'is no administrator any more',
    apply: (user) => {
      user.isAdmin = false;
    },
  },
};

/** Changes the state of a user. The last active administrator stays (`Book.close` looks at that). */
export async function changeUser(book: Book, user: User, change: UserChange): Promise<void> {
  const { isDone, values, said, apply } = CHANGES[change];
  const { db, now } = book;
  if (change === 'demote') await revokeAdminRole(book, user);
  if (isDone(user)) return;
  const statements = updateRows(db, 'email_users', ['email', [user.email]], { ...values, updated_at: now });
  book.write('user:set', `${user.email} ${said}`, statements);
  apply(user);
  if (change === 'demote' || change === 'deactivate') await book.countAdmins();
  if (change === 'deactivate') await warnOfBelongings(book, user);
}

/** The role gives every permission also to somebody who is no administrator. */
async function revokeAdminRole(book: Book, user: User): Promise<void> {
  const { db } = book;
  const yes = db.dialect.boolean(true);
  const rows = await db.query<{ id: string }>(
    sql`SELECT u.id FROM user_roles u JOIN roles r ON r.id = u.role_id
        WHERE u.user_email = ${user.email} AND u.is_active = ${yes} AND u.scope = 'global' AND r.name = ${ADMIN_ROLE}`,
  );
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  book.write(
    'user:set',
    `${user.email} loses the role ${ADMIN_ROLE}`,
    updateRows(db, 'user_roles', ['id', ids], { is_active: false }),
  );
}

/** What an inactive user still has: rows, and teams that nobody else owns. */
async function warnOfBelongings(book: Book, { email }: User): Promise<void> {
  const { db } = book;
  const yes = db.dialect.boolean(true);
  const owned: string[] = [];
  for (const { name } of OWNED_TABLES) {
    const rows = await countRows(db, sql`${sql.table(name)} WHERE owner_email = ${email}`);
    if (rows > 0) owned.push(`${rows} of ${name}`);
  }
  if (owned.length > 0) book.warnings.push(`${email} still owns ${owned.join(', ')}.`);
  const teams = await db.query<{ name: string }>(sql`
    SELECT t.name FROM email_teams t JOIN email_team_members m ON m.team_id = t.id
    WHERE m.user_email = ${email} AND m.role = 'owner' AND m.is_active = ${yes} AND t.is_active = ${yes}
      AND t.is_personal <> ${yes} AND NOT EXISTS (SELECT 1 FROM email_team_members o JOIN email_users u ON u.email = o.user_email
        WHERE o.team_id = t.id AND o.role = 'owner' AND o.is_active = ${yes} AND u.is_active = ${yes} AND o.user_email <> ${email})
    ORDER BY t.name`);
  if (teams.length === 0) return;
  book.warnings.push(`Nobody else who is active owns ${teams.map(({ name }) => `“${name}”`).join(', ')}.`);
}
