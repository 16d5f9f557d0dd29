import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { decryptSsoSecret, encryptSsoSecret } from '../ciphers/fernet.ts';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import { insertRow, Secret, updateRows } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';
import { ssoWarnings } from './sso-warnings.ts';
import { PROVIDER_IDS, type WantedProvider, wantedProviders } from './wanted-providers.ts';

export interface SsoRequest {
  readonly settings: Settings;
  readonly now: Date;
  /** Turn off the providers that the settings no longer name. */
  readonly disableStale?: boolean | undefined;
}

/** What single sign-on lacks in a database, compared with the settings. */
export interface SsoPlan {
  /** What has to be written, each with what it makes, for people. */
  readonly changes: readonly (readonly [line: string, statements: readonly Statement[]])[];
  /** Providers that the settings no longer name and the gateway offers all the same; none that are turned off. */
  readonly stale: readonly string[];
  /** What the gateway, too, goes on with. */
  readonly warnings: readonly string[];
  /** Why the settings cannot be written. */
  readonly refusal: GatewayError | null;
  /** What the step is recorded with; undefined where nothing is to be written. */
  readonly checksum: string | undefined;
}

const NOTHING: SsoPlan = { changes: [], stale: [], warnings: [], refusal: null, checksum: undefined };

type StoredProvider = Readonly<Record<string, unknown>> & { readonly id: string; readonly name: string };

const COLUMN_LENGTHS = {
  client_id: 255,
  authorization_url: 500,
  token_url: 500,
  userinfo_url: 500,
  issuer: 500,
};
const TABLE = 'sso_providers';

/**
 * What a start of v0.7.0 with these settings would write into `sso_providers`, but only where it differs: its own
 * start encrypts every secret anew (CONFIGURATION E2).
 *
 * @param isThere whether the table is
 */
export async function planSso(db: Connection, isThere: boolean, request: SsoRequest): Promise<SsoPlan> {
  const { settings, now, disableStale = false } = request;
  if (!settings.ssoEnabled) return { ...NOTHING, warnings: ssoWarnings(settings) };
  const wanted = wantedProviders(settings);
  const refusal = refusalOf(settings, wanted);
  const warnings = ssoWarnings(settings);
  if (refusal !== null) return { ...NOTHING, warnings, refusal };
  const stored = isThere ? await readProviders(db) : [];
  const changes: [string, Statement[]][] = [];
  for (const provider of wanted) {
    const named = stored.find(({ name }) => name === provider.id);
    const there = stored.find(({ id }) => id === provider.id) ?? named;
    if (
      named !== undefined &&
      (named !== there || (named.id !== provider.id && (await isInUse(db, named.id))))
    ) {
      warnings.push(
        `${TABLE} ${named.id} has the name ${provider.id}, so that a start of the gateway fails to write that provider: rename or delete it`,
      );
    } else if (there === undefined) {
      const row = { id: provider.id, ...written(provider, settings, now), is_enabled: true, created_at: now };
      changes.push([`provider ${provider.id}`, [insertRow(db, TABLE, row)]]);
    } else if (!isSame(there, provider, settings)) {
      const row = { id: provider.id, ...written(provider, settings, now) };
      changes.push([
        `provider ${provider.id} as the settings have it`,
        updateRows(db, TABLE, ['id', [there.id]], row),
      ]);
    }
    if (there !== undefined && !isTrue(there.is_enabled))
      warnings.push(`${provider.id} is turned off in the database, and stays so`);
  }
  const stale = stored
    .filter(({ id, is_enabled }) => PROVIDER_IDS.includes(id) && isTrue(is_enabled))
    .map(({ id }) => id)
    .filter((id) => !wanted.some((provider) => provider.id === id));
  if (disableStale && stale.length > 0) {
    const off = updateRows(db, TABLE, ['id', stale], { is_enabled: false, updated_at: now });
    changes.push([`${stale.join(', ')} turned off`, off]);
  }
  const told = JSON.stringify(changes.map(([line]) => line));
  return {
    changes,
    stale: disableStale ? [] : stale,
    warnings,
    refusal,
    checksum: changes.length === 0 ? undefined : createHash('sha256').update(told).digest('hex'),
  };
}

/** What people read of a provider that is enabled without the settings. */
export const staleLine = (id: string): string =>
  `${id} is enabled in the database, though the settings do not name it: the gateway still offers it`;

function refusalOf(
  { authEncryptionSecret }: Settings,
  wanted: readonly WantedProvider[],
): GatewayError | null {
  const tooLong = wanted.flatMap(({ prefix, row }) =>
    Object.entries(COLUMN_LENGTHS)
      .filter(([column, most]) => [...String(row[column] ?? '')].length > most)
      .map(([column, most]) => `${prefix}: its ${column} is longer than ${most} characters`),
  );
  const noSecret =
    wanted.length > 0 && authEncryptionSecret === ''
      ? [
          'AUTH_ENCRYPTION_SECRET is empty, or refers to what is not set: the gateway would encrypt client secrets so that nobody can read them',
        ]
      : [];
  const details = [...noSecret, ...tooLong];
  if (details.length === 0) return null;
  return new GatewayError('SETTINGS', 'The providers of single sign-on cannot be written.', {
    details,
    hint: 'Correct what is named above, for the gateway as well, and run the command again. Nothing was changed.',
  });
}

async function readProviders(db: Connection): Promise<StoredProvider[]> {
  return db.query<StoredProvider>(
    // A column that is lost is none that is right: the migration brings it back.
    sql`SELECT * FROM sso_providers`,
  );
}

/** Log-ins that are on their way, or were given up, keep a provider from getting another id. */
async function isInUse(db: Connection, id: string): Promise<boolean> {
  return (await db.query(sql`SELECT id FROM sso_auth_sessions WHERE provider_id = ${id} LIMIT 1`)).length > 0;
}

function written({ row, secret }: WantedProvider, { authEncryptionSecret }: Settings, now: Date) {
  const encrypted = encryptSsoSecret(secret, authEncryptionSecret, { now });
  return { ...row, client_secret_encrypted: new Secret(encrypted), updated_at: now };
}

/** Its secret is decrypted only where nothing else differs. */
function isSame(there: StoredProvider, { id, row, secret }: WantedProvider, settings: Settings): boolean {
  return (
    there.id === id &&
    Object.entries(row).every(([column, value]) => isSameValue(there[column], value, column)) &&
    decryptSsoSecret(String(there.client_secret_encrypted ?? ''), settings.authEncryptionSecret) === secret
  );
}

function isSameValue(stored: unknown, wanted: string | boolean | null, column: string): boolean {
  if (typeof wanted === 'boolean') return isTrue(stored) === wanted;
  const isJson = column === 'trusted_domains' || column === 'team_mapping';
  return isJson ? sameJson(stored, `${wanted}`) : (stored ?? null) === wanted;
}

/** JSON comes back parsed or as its text, by driver and column type. */
function sameJson(stored: unknown, wanted: string): boolean {
  try {
    const parsed: unknown = typeof stored === 'string' ? JSON.parse(stored) : stored;
    return JSON.stringify(parsed) === JSON.stringify(JSON.parse(wanted));
  } catch {
    return false;
  }
}
