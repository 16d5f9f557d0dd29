import type { Gateway } from '../../../scripts/gateway/start-gateway.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { ADMIN } from '../../support/test-settings.ts';

/** What each kind of authentication holds when it is opened: the headers that are sent. */
const HEADERS = {
  basic: { Authorization: `Basic ${Buffer.from('judge:Secret-1947').toString('base64')}` },
  bearer: { Authorization: 'Bearer Secret-1947' },
  authheaders: { 'X-Api-Key': 'Secret-1947' },
} as const;

const ENCODE = `
import json, sys
from mcpgateway.utils.services_auth import encode_auth
print(json.dumps([encode_auth(headers) for headers in json.loads(sys.argv[1])]))
`;

/**
 * The `auth_value`s of the dumps are made up, and no gateway can open them: gives each row one that the gateway's
 * own encode_auth made, of the kind that its `auth_type` says. In `gateways` it is a JSON string; agents have a kind of their own.
 */
export async function giveRealSecrets(database: TestDatabase, gateway: Gateway): Promise<void> {
  encoded ??= encode(gateway);
  const stored = await encoded;
  const statements = Object.keys(HEADERS).flatMap((type, index) => [
    `UPDATE tools SET auth_value = '${stored[index]}' WHERE auth_type = '${type}' AND auth_value IS NOT NULL`,
    `UPDATE gateways SET auth_value = '"${stored[index]}"' WHERE auth_type = '${type}' AND auth_value IS NOT NULL`,
  ]);
  statements.push(`UPDATE a2a_agents SET auth_value = '${stored[1]}' WHERE auth_value IS NOT NULL`);
  for (const statement of statements) await database.query(statement);
}

/** The key is the same for every gateway here, so one answer serves all of them. */
let encoded: Promise<string[]> | undefined;

async function encode(gateway: Gateway): Promise<string[]> {
  const output = await gateway.python(ENCODE, [JSON.stringify(Object.values(HEADERS))]);
  return JSON.parse(output.trim().split('\n').at(-1)!) as string[];
}

const HASH = `
import sys
from mcpgateway.services.argon2_service import Argon2PasswordService
print(Argon2PasswordService().hash_password(sys.argv[1]))
`;

/** Nobody knows the passwords of the dumps: gives the tests' administrator the one that the tests log in with. */
export async function giveKnownPassword(database: TestDatabase, gateway: Gateway): Promise<void> {
  const hash = (await gateway.python(HASH, [ADMIN.password])).trim().split('\n').at(-1)!;
  await database.query(`UPDATE email_users SET password_hash = '${hash}' WHERE email = '${ADMIN.email}'`);
}
