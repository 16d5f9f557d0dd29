import { userDetails, userList } from '../accounts/lists.ts';
import {
  changeUser,
  createUser,
  personalSlugs,
  setPassword,
  USER_CHANGES,
  type UserChange,
} from '../accounts/users.ts';
import type { DataPurpose } from '../change/data-change.ts';
import type { PasswordHash } from '../seed/password.ts';
import type { Part } from './account-part.ts';
import { type NewPassword, newPassword } from './new-password.ts';

/** Only a run has use for the hash. */
export const hashFor = (purpose: DataPurpose, { hash }: NewPassword) =>
  purpose === 'run' ? hash : async (): Promise<PasswordHash> => ({ hash: '***', type: 'argon2id' });

const changing = (change: UserChange): Part => ({
  change: ([email]) => ({
    emails: [email],
    async act(book) {
      const user = book.user(email);
      if (user !== undefined) await changeUser(book, user, change);
    },
  }),
});

/** `mcpgw user`. */
export const USER: Readonly<Record<string, Part>> = {
  list: { tell: userList },
  show: {
    async tell(db, [email], _options, read) {
      const book = await read({ emails: [email] });
      const user = book.user(email);
      await book.close();
      return user === undefined ? [] : userDetails(db, user);
    },
  },
  create: {
    async change([email], { fullName, admin, passwordFile }, session) {
      const made = await newPassword(session, passwordFile, email);
      return {
        emails: [email],
        teams: personalSlugs(email, fullName, session.loaded.settings),
        async act(book, purpose) {
          await createUser(book, {
            email,
            fullName,
            admin,
            password: made.password,
            hash: hashFor(purpose, made),
          });
        },
      };
    },
  },
  password: {
    async change([email], { passwordFile }, session) {
      const made = await newPassword(session, passwordFile, email);
      return {
        emails: [email],
        async act(book, purpose) {
          const user = book.user(email);
          if (user !== undefined) await setPassword(book, user, made.password, hashFor(purpose, made));
        },
      };
    },
  },
  ...Object.fromEntries(USER_CHANGES.map((change) => [change, changing(change)])),
};
