import { accessSync, constants, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { type Findings, found } from '../../../checks/check.ts';
import { statOrNothing } from '../../../files/stat-or-nothing.ts';
import { joined, type Text } from '../../../report/advice.ts';
import { shellWord } from '../../../report/shell-word.ts';
import { type AskingUser, accessThrough, askingUser, sudoUser, userLabel } from '../../users.ts';
import { mountOf, readMounts } from './mounts.ts';

export interface AccessProblem {
  /** `/data/mcp.db may not be written by nobody (65534): owner gateway (999), mode 0640` */
  readonly text: string;
  /** What gives access, or an empty string. */
  readonly command: string;
  /** What to make of the command, in a sentence; an empty string where it speaks for itself. */
  readonly advice: string;
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
    return explain(path, bits, code ?? '', statOrNothing(path), askingUser(), mount?.point);
  }
}

/** The folders a path leads through, from the root down. */
export function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

/** The first folder on the way to a path that this user may not enter, and why. */
export async function folderInTheWay(path: string): Promise<AccessProblem | null> {
  for (const folder of foldersAbove(path)) {
    const problem = await accessProblem(folder, constants.X_OK);
    if (problem !== null) return problem;
  }
  return null;
}

/** @param meaning of the check that found it */
export function toFindings({ text, command, advice }: AccessProblem, meaning: Text): Findings {
  return found([text], { command, hint: joined([meaning, advice], ' ') });
}

/** @param mountPoint of the file system, where that is what cannot be written */
export function explain(
  path: string,
  bits: number,
  code: string,
  stats: Pick<Stats, 'uid' | 'gid' | 'mode'> | undefined,
  user: AskingUser,
  mountPoint?: string,
): AccessProblem {
  const letters =
    (bits & constants.R_OK ? 'r' : '') +
    (bits & constants.W_OK ? 'w' : '') +
    (bits & constants.X_OK ? 'x' : '');
  const verbs = [...letters].map((letter) => WORDS[letter as keyof typeof WORDS]).join(' and ');
  const other = { command: '', advice: '', ownMode: false };
  if (code === 'EROFS') {
    const on = mountPoint === undefined ? 'its file system' : `the file system at ${mountPoint}`;
    const text = `${path} cannot be written: ${on} is mounted read-only`;
    if (mountPoint === undefined) return { ...other, text };
    return { ...other, text, command: `sudo mount -o remount,rw ${shellWord(mountPoint)}` };
  }
  if (code === 'EPERM') {
    const text = `${path} cannot be written, not even by root: it is immutable (lsattr shows an i)`;
    return { ...other, text, command: `sudo chattr -i ${shellWord(path)}` };
  }
  if (stats === undefined) return { ...other, text: `${path} cannot be looked at (${code})` };
  const who = user.uid === null ? 'this user' : userLabel(user.uid);
  const owner = userLabel(stats.uid);
  return {
    text: `${path} may not be ${verbs} by ${who}: owner ${owner}, mode ${modeOf(stats)}`,
    ...giveAccess(path, letters, stats, user),
  };
}

/** `0640` */
export function modeOf({ mode }: Pick<Stats, 'mode'>): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** Never as root: for root nothing is in the way, and files that it makes are in the way of everybody else. */
function giveAccess(
  path: string,
  letters: string,
  stats: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  user: AskingUser,
): Omit<AccessProblem, 'text'> {
  const word = shellWord(path);
  const through = accessThrough(stats, user);
  if (through === 'owner' || stats.uid === user.uid) {
    return { command: `chmod u+${letters} ${word}`, advice: '', ownMode: true };
  }
  const given = (command: string, advice: string) => ({ command, advice, ownMode: false });
  if (letters === 'x') return given(`sudo chmod ${through === 'group' ? 'g' : 'o'}+x ${word}`, LET_THROUGH);
  if (stats.uid !== 0) {
    return given(
      `sudo -u ${sudoUser(stats.uid)} mcpgw doctor`,
      `It belongs to ${userLabel(stats.uid)}: run mcpgw as that user, as whom the gateway runs, too, as a rule.`,
    );
  }
  if (through === 'group') return given(`sudo chmod g+${letters} ${word}`, AS_THE_GATEWAY);
  if ((stats.mode & constants.S_IFMT) === constants.S_IFDIR && isShared(path, stats)) {
    return given('', 'Keep the database in a folder of this user.');
  }
  const isEnough = [...letters].every((letter) => stats.mode & OWNER_BITS[letter as keyof typeof WORDS]);
  const chmod = isEnough ? '' : ` && sudo chmod u+${letters} ${word}`;
  return given(`sudo chown ${user.uid} ${word}${chmod}`, AS_THE_GATEWAY);
}

const OWNER_BITS = { r: constants.S_IRUSR, w: constants.S_IWUSR, x: constants.S_IXUSR } as const;
const LET_THROUGH =
  'The command lets other users through the folder, but shows them no list of what is in it.';
const AS_THE_GATEWAY = 'Right where the gateway runs as this user; else run mcpgw as the user it runs as.';
export const STICKY = 0o1000;
const SYSTEM_FOLDERS: ReadonlySet<string> = new Set(['/', '/etc', '/usr', '/usr/local', '/var']);

/** Folders of the system, such as /tmp and /var, are nobody's to be given. */
function isShared(folder: string, { mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & STICKY) !== 0 || SYSTEM_FOLDERS.has(folder) || SYSTEM_FOLDERS.has(dirname(folder));
}
