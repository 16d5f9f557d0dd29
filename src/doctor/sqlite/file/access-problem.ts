import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { shellWord } from '../../shell-word.ts';
import { modeOf } from './mode-of.ts';
import { mountOf, readMounts } from './mounts.ts';
import { sudoUser, thisUser, userLabel } from './users.ts';

export interface AccessProblem {
  /** `/data/mcp.db may not be written by nobody (65534): owner gateway (999), mode 0640` */
  readonly text: string;
  /** What gives access, or an empty string. */
  readonly command: string;
  /** Whether a `chmod` by this user is enough. */
  readonly ownMode: boolean;
}

const WORDS = { r: 'read', w: 'written', x: 'entered' } as const;

/**
 * Why this user may not do something with a file or folder that is there, or null when it may.
 *
 * @param bits of `constants.R_OK`, `W_OK`, `X_OK`
 */
export async function accessProblem(path: string, bits: number): Promise<AccessProblem | null> {
  try {
    accessSync(path, bits);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const mount = code === 'EROFS' ? mountOf(path, await readMounts()) : null;
    return explain(
      path,
      bits,
      code ?? '',
      statSync(path, { throwIfNoEntry: false }),
      thisUser(),
      mount?.point,
    );
  }
}

/** @param mountPoint of the file system, where that is what cannot be written */
export function explain(
  path: string,
  bits: number,
  code: string,
  stats: Pick<Stats, 'uid' | 'mode'> | undefined,
  uid: number | null,
  mountPoint?: string,
): AccessProblem {
  const letters =
    (bits & constants.R_OK ? 'r' : '') +
    (bits & constants.W_OK ? 'w' : '') +
    (bits & constants.X_OK ? 'x' : '');
  const verbs = [...letters].map((letter) => WORDS[letter as keyof typeof WORDS]).join(' and ');
  const word = shellWord(path);
  if (code === 'EROFS') {
    const on = mountPoint === undefined ? 'its file system' : `the file system at ${mountPoint}`;
    return {
      text: `${path} cannot be written: ${on} is mounted read-only`,
      command: mountPoint === undefined ? '' : `sudo mount -o remount,rw ${shellWord(mountPoint)}`,
      ownMode: false,
    };
  }
  if (code === 'EPERM') {
    return {
      text: `${path} cannot be written, not even by root: it is immutable (lsattr shows an i)`,
      command: `sudo chattr -i ${word}`,
      ownMode: false,
    };
  }
  if (stats === undefined) {
    return { text: `${path} cannot be looked at (${code})`, command: '', ownMode: false };
  }
  const who = uid === null ? 'this user' : userLabel(uid);
  const owned = stats.uid === uid;
  return {
    text: `${path} may not be ${verbs} by ${who}: owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}`,
    command: owned ? `chmod u+${letters} ${word}` : `sudo -u ${sudoUser(stats.uid)} mcpgw doctor`,
    ownMode: owned,
  };
}
