import { sql } from 'kysely';
import { type AuthHeaders, authKey, decryptAuthValue } from '../ciphers/auth-value.ts';
import type { Value } from '../database/value.ts';
import { columnOf } from '../schema/model.ts';
import { DEFAULT_ENCRYPTION_SECRET } from '../settings/gateway-secrets.ts';
import type { CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { hasColumns } from './schema-part.ts';

/** The tables whose `auth_value` the gateway encrypts (CONFIGURATION A4). */
export const CREDENTIAL_TABLES = ['gateways', 'tools'] as const;
type CredentialTable = (typeof CREDENTIAL_TABLES)[number];

export const AUTH_TYPES = ['basic', 'bearer', 'authheaders'] as const;
type AuthType = (typeof AUTH_TYPES)[number];

export type CredentialFault = 'plaintext' | 'type-missing' | 'colon-password' | 'undecryptable';

export interface FaultyCredential {
  readonly fault: CredentialFault;
  readonly table: CredentialTable;
  readonly id: string;
  readonly name: string | null;
  /** The type that it lacks. */
  readonly type?: AuthType;
  /** Those in plain text. */
  readonly headers?: AuthHeaders;
}

export interface StoredCredentials {
  /** The key of the present secret; null where the secret is empty. */
  readonly key: Buffer | null;
  /** Somebody has set the secret, or something opens with the gateway's default. */
  readonly isSet: boolean;
  /** Something is encrypted, and nothing opens. */
  readonly isWrong: boolean;
  readonly faulty: readonly FaultyCredential[];
}

/** What each stored credential is, for all checks at once: rows that have one are read in pages. */
export const storedCredentials = perContext(async (context): Promise<StoredCredentials> => {
  const secret = context.settings.authEncryptionSecret;
  const key = secret === '' ? null : authKey(secret);
  const faulty: FaultyCredential[] = [];
  let opened = 0;
  for (const table of CREDENTIAL_TABLES) {
    for await (const { id, name, type, value } of credentialsOf(context, table)) {
      const headers = typeof value === 'string' && key !== null ? decryptAuthValue(value, key) : null;
      if (headers !== null) opened++;
      const fault = faultOf(table, type, value, headers);
      if (fault !== null) faulty.push({ table, id, name, ...fault });
    }
  }
  return {
    key,
    isSet: opened > 0 || (key !== null && secret !== DEFAULT_ENCRYPTION_SECRET),
    isWrong: opened === 0 && faulty.some(({ fault }) => fault === 'undecryptable'),
    faulty,
  };
});

function faultOf(
  table: CredentialTable,
  type: string,
  value: Value,
  opened: AuthHeaders | null,
): Pick<FaultyCredential, 'fault' | 'type' | 'headers'> | null {
  if (typeof value === 'string') {
    if (opened === null) return { fault: 'undecryptable' };
    if (Object.keys(opened).length === 0) return null;
    const listed = listedType(opened, table);
    if (type === '') return { fault: 'type-missing', type: listed };
    return type === 'basic' && listed !== 'basic' ? { fault: 'colon-password' } : null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const headers = value as AuthHeaders;
  const names = Object.keys(headers);
  // `{}` is no credential to the gateway, and `$text` stands for what is no JSON.
  if (names.length === 0 || names.includes('$text')) return null;
  return { fault: 'plaintext', headers, ...(type === '' && { type: listedType(headers, table) }) };
}

/**
 * The type under which the gateway can list these headers, which are sent alike under each. Those of a basic one it
 * takes apart at the colon: it fails where there is not just one, and for a gateway where one side of it is empty.
 */
function listedType(headers: AuthHeaders, table: CredentialTable): AuthType {
  const [[name, value] = ['', ''], ...more] = Object.entries(headers);
  const [, scheme, text = ''] = /^(Basic|Bearer) (.*)$/s.exec(`${value}`) ?? [];
  if (name !== 'Authorization' || more.length > 0 || scheme === undefined) return 'authheaders';
  if (scheme === 'Bearer') return 'bearer';
  const parts = Buffer.from(text, 'base64').toString().split(':');
  const isWhole = table === 'tools' || !parts.includes('');
  return parts.length === 2 && isWhole ? 'basic' : 'authheaders';
}

const PAGE = 2_000;

async function* credentialsOf({ db, schema, target }: CheckContext, table: CredentialTable) {
  const column = columnOf(schema.get(table), 'auth_value');
  if (column === undefined || !hasColumns(schema.get(table), ['id', 'name', 'auth_type'])) return;
  const typed = { ...column, kind: columnOf(target.get(table), 'auth_value')?.kind ?? column.kind };
  const { read, fromRow } = db.dialect.values;
  for (let last: string | undefined = ''; last !== undefined; ) {
    const rows: Record<'id' | 'name' | 'auth_type' | 'auth', string | null>[] = await db.query(sql`
      SELECT id, name, auth_type, ${sql.raw(read(typed))} AS auth FROM ${sql.table(table)}
      WHERE id > ${last} AND auth_value IS NOT NULL ORDER BY id LIMIT ${sql.lit(PAGE)}`);
    for (const { id, name, auth_type: type, auth } of rows) {
      const value = fromRow(typed, auth);
      if (value !== '') yield { id: `${id}`, name, type: type ?? '', value };
    }
    last = rows.length < PAGE ? undefined : `${rows.at(-1)?.id}`;
  }
}
