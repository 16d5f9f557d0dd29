import { openBook } from '../accounts/book.ts';
import { userDetails, userList } from '../accounts/lists.ts';
import { changeUser, createUser, personalSlugs, setPassword, type UserChange } from '../accounts/users.ts';
import type { DataPurpose } from '../change/data-change.ts';
import type { PasswordHash } from '../seed/password.ts';
import { changeAccounts, tellOfAccounts } from './accounts.ts';
import type { ChangeOptions } from './change-command.ts';
import type { Io } from './io.ts';
import { type NewPassword, newPassword } from './new-password.ts';
import type { GlobalOptions } from './options.ts';

type Reading = GlobalOptions & { readonly wait?: number };
type WithPassword = ChangeOptions & { readonly passwordFile?: string };

export const listUsers = (io: Io, options: Reading) => tellOfAccounts(io, options, 'user list', userList);

export const showUser = (io: Io, options: Reading, email: string) =>
  tellOfAccounts(io, options, 'user show', async (db, schema, { loaded: { settings } }) => {
    const book = await openBook(db, schema, { settings, now: new Date(), emails: [email] });
    const user = book.user(email);
    await book.close();
    return user === undefined ? [] : userDetails(db, user);
  });

/** Only a run has use for the hash. */
export const hashFor = (purpose: DataPurpose, { hash }: NewPassword) =>
  purpose === 'run' ? hash : async (): Promise<PasswordHash> => ({ hash: '***', type: 'argon2id' });

export function createUserCommand(
  io: Io,
  options: WithPassword & { readonly fullName?: string; readonly admin?: boolean },
  email: string,
) {
  const { fullName, admin, passwordFile } = options;
  const flags = { '--full-name': fullName, '--admin': admin, '--password-file': passwordFile };
  return changeAccounts(io, options, { words: ['user', 'create', email], flags }, async (session) => {
    const made = await newPassword(session, passwordFile, email);
    return {
      emails: [email],
      teams: personalSlugs(email, fullName, session.loaded.settings),
      async act(book, purpose) {
        await createUser(book, { email, fullName, admin, hash: hashFor(purpose, made) });
      },
    };
  });
}

export const setPasswordCommand = (io: Io, options: WithPassword, email: string) =>
  changeAccounts(
    io,
    options,
    { words: ['user', 'password', email], flags: { '--password-file': options.passwordFile } },
    async (session) => {
      const made = await newPassword(session, options.passwordFile, email);
      return {
        emails: [email],
        async act(book, purpose) {
          const user = book.user(email);
          if (user !== undefined) await setPassword(book, user, made.password, hashFor(purpose, made));
        },
      };
    },
  );

export const changeUserCommand = (change: UserChange) => (io: Io, options: ChangeOptions, email: string) =>
  changeAccounts(io, options, { words: ['user', change, email] }, () => ({
    emails: [email],
    async act(book) {
      const user = book.user(email);
      if (user !== undefined) await changeUser(book, user, change);
    },
  }));
