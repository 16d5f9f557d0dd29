import { DEFAULT_ADMIN_PASSWORD } from '../../settings/credentials.ts';
import { entropyOf, GATEWAY_SECRETS } from '../../settings/gateway-secrets.ts';
import { brokenPasswordRules } from '../../settings/password-policy.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { givenVariable } from './given-variable.ts';

/** Passwords of databases that stand in tutorials, and that every scanner tries first. */
const EVERYBODYS = new Set([
  'changeme',
  'mysecretpassword',
  'password',
  'postgres',
  'mysql',
  'root',
  'admin',
  'secret',
]);

/** Secrets that are set to what everybody knows. Values are never shown, not even those. */
export const secrets: Examination<DoctorContext> = {
  id: 'settings.secrets',
  title: 'No secret is a default or weak',
  level: 'warning',
  meaning:
    'Whoever guesses one of these gets into the gateway or its database; mcpgw migrate refuses an administrator’s password like that. Put a new value in its place, and start the gateway again.',
  command: 'openssl rand -base64 32',
  async find(context) {
    const sample = [
      ...weakAdminPassword(context),
      ...GATEWAY_SECRETS.flatMap((secret) => {
        const given = givenVariable(context, secret.name);
        if (given === null || given.text === '') return [];
        const { text, place } = given;
        if (secret.defaults.includes(text)) {
          return [`${secret.name} is a value from the gateway’s own documents: ${secret.risk} (${place})`];
        }
        if ([...text].length < secret.leastLength) {
          return [
            `${secret.name} has fewer than ${secret.leastLength} characters: ${secret.risk} (${place})`,
          ];
        }
        if (entropyOf(text) >= secret.leastEntropy) return [];
        return [`${secret.name} repeats too few characters: ${secret.risk} (${place})`];
      }),
      ...weakDatabasePassword(context),
    ];
    return { count: sample.length, sample };
  },
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

function weakDatabasePassword({ inspected: { target } }: DoctorContext): string[] {
  if (target === null || target.dialect === 'sqlite' || target.password === null) return [];
  const isKnown = EVERYBODYS.has(target.password) || target.password === target.user;
  return isKnown ? ['DATABASE_URL has a password that everybody tries first'] : [];
}
