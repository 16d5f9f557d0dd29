import { linesOf } from '../../../database/sqlite/lines-of.ts';

/** `gateway (999)`, or only the number where the system's list does not have it. */
export function userLabel(uid: number): string {
  const name = userName(uid);
  return name === null ? `user ${uid}` : `${name} (${uid})`;
}

/** How `sudo -u` takes a user. */
export function sudoUser(uid: number): string {
  return userName(uid) ?? `'#${uid}'`;
}

/** The user this program runs as; null on systems without users' numbers. */
export function thisUser(): number | null {
  return process.geteuid?.() ?? null;
}

function userName(uid: number): string | null {
  const line = linesOf('/etc/passwd').find((each) => each.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? null;
}
