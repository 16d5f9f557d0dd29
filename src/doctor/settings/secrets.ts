import { chmodSync, type Stats, statSync } from 'node:fs';
import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { statOrNothing } from '../../files/stat-or-nothing.ts';
import { shell } from '../../report/advice.ts';
import { shellWord } from '../../report/shell-word.ts';
import { DEFAULT_ADMIN_PASSWORD } from '../../settings/credentials.ts';
import { envByName } from '../../settings/env-by-name.ts';
import { entropyOf, GATEWAY_SECRETS } from '../../settings/gateway-secrets.ts';
import { brokenPasswordRules } from '../../settings/password-policy.ts';
import { VARIABLES } from '../../settings/variables.ts';
import type { DoctorContext } from '../context.ts';
import { accessThrough, askingUser } from '../users.ts';

/** Secrets that are set to what everybody knows. Values are never shown, not even those. */
export const secrets: DoctorCheck<DoctorContext> = {
  id: 'settings.secrets',
  title: 'No secret is a default or weak',
  level: 'warning',
  hint: 'Whoever guesses one of these gets into the gateway or its database; mcpgw migrate refuses an administrator’s password like that. Put a new value in its place, and start the gateway again.',
  command: shell('openssl rand -base64 32'),
  find: async (context) =>
    found([
      ...weakAdminPassword(context),
      ...GATEWAY_SECRETS.flatMap((secret) => weakSecret(secret, context)),
      ...weakDatabasePassword(context),
    ]),
};

function weakAdminPassword({ inspected: { settings, sources } }: DoctorContext): string[] {
  const name = 'PLATFORM_ADMIN_PASSWORD';
  const found = sources.get(name);
  // One that is not set may well be set where the gateway runs.
  if (found === undefined || found.source === 'default') return [];
  const place = found.detail || `the ${found.source}`;
  if (settings.platformAdminPassword === DEFAULT_ADMIN_PASSWORD) {
    return [`${name} is the gateway’s default: whoever looks it up is administrator (${place})`];
  }
  const rules = brokenPasswordRules(settings.platformAdminPassword, settings);
  return rules.map((rule) => `${name}: ${rule} (${place})`);
}

/** `mcpgw` itself does not read them: as the gateway would find them. */
function weakSecret(
  { name, defaults, leastLength, leastEntropy, risk }: (typeof GATEWAY_SECRETS)[number],
  { env, envFile }: DoctorContext,
): string[] {
  const entry = envFile?.entries.get(name);
  const given = envByName(env).get(name);
  const text = given ?? entry?.value ?? '';
  const place = given === undefined ? `${envFile?.path}:${entry?.line}` : 'the environment';
  const weak = (why: string) => [`${name} ${why}: ${risk} (${place})`];
  if (text === '') return [];
  if (defaults.includes(text)) return weak('is a value from the gateway’s own documents');
  if ([...text].length < leastLength) return weak(`has fewer than ${leastLength} characters`);
  return entropyOf(text) < leastEntropy ? weak('repeats too few characters') : [];
}

/** Passwords of databases that stand in tutorials, and that every scanner tries first. */
const EVERYBODYS = 'changeme mysecretpassword password postgres mysql root admin secret'.split(' ');

function weakDatabasePassword({ inspected: { target } }: DoctorContext): string[] {
  if (target === null || target.dialect === 'sqlite' || target.password === null) return [];
  const isKnown = EVERYBODYS.includes(target.password) || target.password === target.user;
  return isKnown ? ['DATABASE_URL has a password that everybody tries first'] : [];
}

/** Permission bits of everybody who is neither the owner nor of the group (inode(7)). */
const OTHERS = 0o007;
const PERMISSIONS = 0o777;
const OWNER_ONLY = 0o600;

/** A settings file that holds secrets is not everybody's to read. What a group may do is somebody's choice. */
export const envMode: DoctorCheck<DoctorContext> = {
  id: 'settings.env-mode',
  title: 'Others cannot read the secrets in the settings file',
  level: 'warning',
  hint: 'Every user of this machine can read the passwords in the settings file.',
  async find(context) {
    const { envFile } = context;
    const names = secretsIn(context);
    const stats = envFile === null ? undefined : statOrNothing(envFile.path);
    // Windows has no such bits, and Node makes some up.
    if (envFile === null || stats === undefined || names.length === 0 || process.platform === 'win32') {
      return CLEAN;
    }
    return {
      count: (stats.mode & OTHERS) === 0 ? 0 : 1,
      sample: [`${envFile.path}: mode ${octal(stats.mode)}, with ${names.join(', ')}`],
      command: shell(closeToOthers(stats, shellWord(envFile.path))),
    };
  },
  async repair({ envFile }) {
    const path = envFile?.path ?? '';
    const { uid, mode } = statSync(path);
    const user = process.getuid?.();
    if (user !== 0 && user !== uid) return null;
    return {
      summary: [
        `${path}: mode ${octal(mode)} becomes ${octal(OWNER_ONLY)}`,
        'Owner, group and content stay. A gateway that runs as another user can no longer read it.',
      ],
      async run() {
        chmodSync(path, OWNER_ONLY);
        return [`${path}: mode ${octal(mode)} became ${octal(OWNER_ONLY)}`];
      },
    };
  },
};

/** Names of secrets that have a value in the file; a URL counts where it has a password. */
function secretsIn({ envFile, inspected: { target } }: DoctorContext): string[] {
  const named = [...VARIABLES.filter(({ secret }) => secret), ...GATEWAY_SECRETS];
  const secret = new Set<string>(named.map(({ name }) => name));
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

function octal(mode: number): string {
  return (mode & PERMISSIONS).toString(8).padStart(3, '0');
}
