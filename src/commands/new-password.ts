import { resolve } from 'node:path';
import { GatewayError } from '../errors.ts';
import { hashPassword } from '../seed/password.ts';
import { brokenPasswordRules } from '../settings/password-policy.ts';
import { readSecretFile } from '../settings/secret-file.ts';
import type { Settings } from '../settings/settings.ts';
import { askPassword } from './confirm.ts';
import type { Session } from './session.ts';

/** A password, and its hash, which is made when it is asked for the first time. */
export interface NewPassword {
  readonly password: string;
  readonly hash: () => ReturnType<typeof hashPassword>;
}

/**
 * A new password: from a file, from standard input where the file is `-`, or asked for on the terminal. No report and
 * no log shows it.
 *
 * @throws GatewayError SECRET_FILE; USAGE for what the policy of the settings does not take; CONFIRMATION where nobody
 *   can be asked
 */
export async function newPassword(
  session: Session,
  file: string | undefined,
  whose: string,
): Promise<NewPassword> {
  const { io, loaded } = session;
  const password =
    file === '-'
      ? await readInput()
      : file !== undefined
        ? readSecretFile(resolve(io.cwd, file))
        : await askPassword(io, whose);
  session.hide(password);
  const broken = brokenPasswordRules(password, loaded.settings);
  if (broken.length === 0) return withHash(password, loaded.settings);
  throw new GatewayError('USAGE', `The password of ${whose} is not one that the settings take.`, {
    details: broken,
    hint: 'Choose another one. Nothing was changed.',
  });
}

export function withHash(password: string, settings: Settings): NewPassword {
  let made: ReturnType<typeof hashPassword> | undefined;
  return {
    password,
    hash() {
      made ??= hashPassword(password, settings);
      return made;
    },
  };
}

/** One newline at the end is no part of it, as in a file. */
export async function readInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part));
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
