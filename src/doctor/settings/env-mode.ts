import { chmodSync, type Stats, statSync } from 'node:fs';
import { statOrNothing } from '../../files/stat-or-nothing.ts';
import { shellWord } from '../../report/shell-word.ts';
import { GATEWAY_SECRETS } from '../../settings/gateway-secrets.ts';
import { VARIABLES } from '../../settings/variables.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { accessThrough, askingUser } from '../users.ts';

/** Permission bits of everybody who is neither the owner nor of the group (inode(7)). */
const OTHERS = 0o007;
const PERMISSIONS = 0o777;
const OWNER_ONLY = 0o600;

/** A settings file that holds secrets is not everybody's to read. What a group may do is somebody's choice. */
export const envMode: Examination<DoctorContext> = {
  id: 'settings.env-mode',
  title: 'Others cannot read the secrets in the settings file',
  level: 'warning',
  meaning: 'Every user of this machine can read the passwords in the settings file.',
  command: '',
  async find(context) {
    const { envFile } = context;
    const names = secretsIn(context);
    const stats = envFile === null ? undefined : statOrNothing(envFile.path);
    // Windows has no such bits, and Node makes some up.
    if (envFile === null || stats === undefined || names.length === 0 || process.platform === 'win32') {
      return { count: 0, sample: [] };
    }
    const mode = stats.mode & PERMISSIONS;
    const fact = `${envFile.path}: mode ${octal(mode)}, with ${names.join(', ')}`;
    if ((mode & OTHERS) === 0) return { count: 0, sample: [fact] };
    return { count: 1, sample: [fact], command: closeToOthers(stats, shellWord(envFile.path)) };
  },
  async repair({ envFile }) {
    const path = envFile?.path ?? '';
    const { uid, mode } = statSync(path);
    if (!mayChange(uid)) return null;
    const before = octal(mode & PERMISSIONS);
    return {
      summary: [
        `${path}: mode ${before} becomes ${octal(OWNER_ONLY)}`,
        'Owner, group and content stay. A gateway that runs as another user can no longer read it.',
      ],
      async run() {
        chmodSync(path, OWNER_ONLY);
        return [`${path}: mode ${before} became ${octal(OWNER_ONLY)}`];
      },
    };
  },
};

/** Names of secrets that have a value in the file; a URL counts where it has a password. */
function secretsIn({ envFile, inspected: { target } }: DoctorContext): string[] {
  const secret = new Set<string>([
    ...VARIABLES.filter((variable) => variable.secret).map(({ name }) => name),
    ...GATEWAY_SECRETS.map(({ name }) => name),
  ]);
  return [...(envFile?.entries ?? [])].flatMap(([name, { value }]) => {
    if (!secret.has(name) || value === '') return [];
    if (name !== 'DATABASE_URL') return [name];
    return target === null || target.dialect === 'sqlite' || target.password === null ? [] : [name];
  });
}

/** Whoever asks, maybe the gateway's user, keeps the access that it has through its group or as one of the others. */
function closeToOthers(stats: Stats, word: string): string {
  const user = askingUser();
  const through = accessThrough(stats, user);
  if (through === 'group') return `sudo chmod o-rwx ${word}`;
  if (through === 'others') return `sudo chgrp ${user.gid} ${word} && sudo chmod 640 ${word}`;
  return `chmod ${octal(OWNER_ONLY)} ${word}`;
}

function mayChange(owner: number): boolean {
  const user = process.getuid?.();
  return user === 0 || user === owner;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
