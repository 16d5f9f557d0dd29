import type { Stats } from 'node:fs';
import { linesOf } from '../files/mounts.ts';

/** Which three of the nine permission bits count for a user (path_resolution(7)): the first that fits. */
type AccessThrough = 'root' | 'owner' | 'group' | 'others';

export interface AskingUser {
  /** Null on systems without users' numbers: there whoever asks counts as the owner. */
  readonly uid: number | null;
  readonly gid: number;
  /** All groups, the first one among them. */
  readonly groups: readonly number[];
}

/** The user this program runs as. */
export function askingUser(): AskingUser {
  const gid = process.getegid?.() ?? 0;
  return { uid: process.geteuid?.() ?? null, gid, groups: [gid, ...(process.getgroups?.() ?? [])] };
}

/** As what a user gets at a file: a change of its mode must not take that away from whoever asks for advice. */
export function accessThrough(
  { uid: owner, gid: group }: Pick<Stats, 'uid' | 'gid'>,
  { uid, groups }: AskingUser = askingUser(),
): AccessThrough {
  if (uid === 0) return 'root';
  if (uid === null || uid === owner) return 'owner';
  return groups.includes(group) ? 'group' : 'others';
}

/** `gateway (999)`, or only the number where the system's list does not have it. */
export function userLabel(uid: number): string {
  const name = userName(uid);
  return name === null ? `user ${uid}` : `${name} (${uid})`;
}

/** How `sudo -u` takes a user. */
export function sudoUser(uid: number): string {
  return userName(uid) ?? `#${uid}`;
}

function userName(uid: number): string | null {
  const line = linesOf('/etc/passwd').find((each) => each.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? null;
}
