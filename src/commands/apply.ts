import { dirname, resolve } from 'node:path';
import { applyTo, namedIn, noPassword, type UserWish } from '../accounts/apply.ts';
import { parseApplyFile } from '../accounts/apply-file.ts';
import { type ExitCode, GatewayError } from '../errors.ts';
import { readProblem, readSmallFile } from '../files/read-small-file.ts';
import { changeAccounts } from './accounts.ts';
import type { ChangeOptions } from './change-command.ts';
import type { Io } from './io.ts';
import { type NewPassword, newPassword, readInput, withHash } from './new-password.ts';
import { hashFor } from './user.ts';

/** Makes users and teams as a file says they should be, or shows with `--dry-run` the difference. */
export function apply(
  io: Io,
  options: ChangeOptions & { readonly prune?: boolean },
  path: string,
): Promise<ExitCode> {
  const { prune = false } = options;
  return changeAccounts(
    io,
    options,
    { words: ['apply', path], flags: { '--prune': prune } },
    async (session) => {
      const { settings } = session.loaded;
      const file = parseApplyFile(await contentOf(io, path), path === '-' ? 'Standard input' : path);
      const passwords = new Map<string, NewPassword>();
      /** Only who is made needs one. */
      const passwordOf = async ({ email, passwordFile }: UserWish) => {
        const made =
          passwords.get(email) ??
          (passwordFile === undefined
            ? withHash(noPassword(), settings)
            : await newPassword(session, resolve(io.cwd, dirname(path), passwordFile), email));
        passwords.set(email, made);
        return made;
      };
      return {
        ...namedIn(file, settings),
        all: prune,
        act: (book, purpose) =>
          applyTo(book, file, (user) => async () => hashFor(purpose, await passwordOf(user))(), prune),
      };
    },
  );
}

async function contentOf(io: Io, path: string): Promise<string> {
  if (path === '-') return readInput();
  try {
    return readSmallFile(resolve(io.cwd, path)).toString('utf8');
  } catch (error) {
    throw new GatewayError('USAGE', `${path} cannot be read: ${readProblem(error)}.`, {
      hint: 'Check its path and permissions. Nothing was changed.',
      cause: error,
    });
  }
}
