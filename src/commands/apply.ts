import { dirname, resolve } from 'node:path';
import { applyTo, namedIn, noPassword, type UserWish } from '../accounts/apply.ts';
import { parseApplyFile } from '../accounts/apply-file.ts';
import { assign, namesIn } from '../assign/assign.ts';
import { GatewayError } from '../errors.ts';
import { readProblem, readSmallFile } from '../files/read-small-file.ts';
import type { Part } from './account-part.ts';
import { type NewPassword, newPassword, readInput, withHash } from './new-password.ts';
import { hashFor } from './user.ts';

/** `mcpgw apply`: users, teams and what belongs to them as a file says they should be. */
export const APPLY: Readonly<Record<string, Part>> = {
  apply: {
    async change([path], { prune = false }, session) {
      const { io, loaded } = session;
      const file = parseApplyFile(await contentOf(path, io.cwd), path === '-' ? 'Standard input' : path);
      const passwords = new Map<string, NewPassword>();
      /** Only who is made needs one. */
      const passwordOf = async ({ email, passwordFile }: UserWish) => {
        const made =
          passwords.get(email) ??
          (passwordFile === undefined
            ? withHash(noPassword(), loaded.settings)
            : await newPassword(session, resolve(io.cwd, dirname(path), passwordFile), email));
        passwords.set(email, made);
        return made;
      };
      const { assignments = [] } = file;
      const named = [namedIn(file, loaded.settings), ...assignments.map(namesIn)];
      return {
        emails: named.flatMap(({ emails }) => emails),
        teams: named.flatMap(({ teams }) => teams),
        all: prune,
        async act(book, purpose) {
          const hashOf = (user: UserWish) => async () => hashFor(purpose, await passwordOf(user))();
          await applyTo(book, file, hashOf, prune);
          for (const each of assignments) await assign(book, each);
        },
      };
    },
  },
};

async function contentOf(path: string, cwd: string): Promise<string> {
  if (path === '-') return readInput();
  try {
    return readSmallFile(resolve(cwd, path)).toString('utf8');
  } catch (cause) {
    throw new GatewayError('USAGE', `${path} cannot be read: ${readProblem(cause)}.`, {
      hint: 'Check its path and permissions. Nothing was changed.',
      cause,
    });
  }
}
