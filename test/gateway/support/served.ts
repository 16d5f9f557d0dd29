import type { Gateway, RunningGateway } from '../../../scripts/gateway/start-gateway.ts';
import { SECRETS } from '../../../scripts/gateway/start-gateway.ts';

export type Entity = Readonly<Record<string, unknown>> & { readonly id: string | number };

/** What the gateway lists, by path and then by id. */
export type Served = ReadonlyMap<string, ReadonlyMap<string, Entity>>;

/** The paths that list entities, with the table each one shows. */
export const LISTS = {
  '/tools': 'tools',
  '/gateways': 'gateways',
  '/servers': 'servers',
  '/resources': 'resources',
  '/prompts': 'prompts',
  '/a2a': 'a2a_agents',
} as const;

/** `GET /a2a` of v0.7.0 answers 500 to everybody, on its own databases too. */
const BROKEN: Readonly<Record<string, readonly string[]>> = { '0.7.0': ['/a2a'] };

/** Lists that this release can serve. */
export function listsOf(release: string): (keyof typeof LISTS)[] {
  const paths = Object.keys(LISTS) as (keyof typeof LISTS)[];
  return paths.filter((path) => !BROKEN[release]?.includes(path));
}

/** A client of one running gateway, as somebody who is logged in. */
export interface Client {
  /** @throws Error with the answer when it is not one of 200 to 299 */
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** The same without an error: status and text. */
  send(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
}

export function client({ url }: RunningGateway, token: string): Client {
  const send: Client['send'] = async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
    return { status: answer.status, text: await answer.text() };
  };
  const parsed = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await send(method, path, body);
    if (status < 200 || status > 299)
      throw new Error(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as unknown;
  };
  return { send, get: (path) => parsed('GET', path), post: (path, body) => parsed('POST', path, body) };
}

/** Logs in by e-mail and password, as v0.7.0 and later do. @throws Error with the answer */
export async function logIn(at: RunningGateway, email: string, password: string): Promise<Client> {
  const { access_token: token } = (await client(at, '').post('/auth/email/login', { email, password })) as {
    access_token: string;
  };
  return client(at, token);
}

let token: Promise<string> | undefined;

/** The token that v0.6.0's own tool makes, good for all that have its key; there is no log-in yet. */
export function oldToken(gateway: Gateway): Promise<string> {
  token ??= makeToken(gateway);
  return token;
}

async function makeToken(gateway: Gateway): Promise<string> {
  const args = ['--username', 'admin', '--exp', '600', '--secret', SECRETS.JWT_SECRET_KEY];
  return (await gateway.run('mcpgateway.utils.create_jwt_token', args)).trim().split('\n').at(-1)!;
}

/** Every entity of every list, inactive ones too. */
export async function served(release: string, from: Client): Promise<Served> {
  const lists = new Map<string, ReadonlyMap<string, Entity>>();
  for (const path of listsOf(release)) {
    const answer = await from.get(`${path}?include_inactive=true&limit=0`);
    const rows = (Array.isArray(answer) ? answer : []) as Entity[];
    lists.set(path, new Map(rows.map((row) => [String(row.id), steady(row)])));
  }
  return lists;
}

/**
 * Without what differs for reasons of the gateway's own: `associatedTools` and its like come in no order, and a time
 * is served with its zone where the column has one (`gateways.last_seen` has in v0.7.0 on PostgreSQL).
 */
function steady(row: Entity): Entity {
  const entries = Object.entries(row).map(([name, value]) => {
    if (name.startsWith('associated') && Array.isArray(value)) return [name, value.toSorted()];
    return [name, typeof value === 'string' ? value.replace(/(T[\d:.]+)Z$/, '$1') : value];
  });
  return Object.fromEntries(entries) as Entity;
}

/** Calls a tool as an MCP client does. @throws Error with the answer */
export async function call(admin: Client, name: string, args: Record<string, string> = {}): Promise<string> {
  const { status, text } = await admin.send('POST', '/rpc', {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args },
  });
  if (status !== 200 || text.includes('"error":{')) throw new Error(`${name} answered ${status}: ${text}`);
  return text;
}
