import { lookup } from 'node:dns/promises';
import { readdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { dial } from '../../database/dial.ts';
import { CONNECT_TIMEOUT_MS, placeOf, type ServerLocation } from '../../database/server-location.ts';
import { errorText } from '../../errors.ts';
import { duration } from '../../report/duration.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';

/** What must be known of a kind of server to find it. */
export interface ServerKind<Target extends DatabaseTarget> {
  /** `PostgreSQL`; for MySQL and MariaDB `MySQL or MariaDB`. */
  readonly product: string;
  readonly defaultPort: number;
  /** Name of its service: what `systemctl start` takes. */
  readonly service: string;
  locationOf(target: Target): ServerLocation;
}

/** Whether it is this machine by every sign; a forwarded port looks the same. */
export function isLocal({ host, socketPath }: Pick<ServerLocation, 'host' | 'socketPath'>): boolean {
  return socketPath !== null || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

/** Whether the server's name leads to an address. Addresses and unix sockets have nothing to resolve. */
export function dnsCheck<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): DoctorCheck<TargetContext<Target>> {
  return {
    id: 'server.dns',
    title: 'The name of the server resolves',
    level: 'error',
    hint: 'Nobody finds the server under the name that DATABASE_URL gives.',
    decisive: true,
    async find({ target }) {
      const { host, socketPath, connectTimeoutMs } = kind.locationOf(target);
      if (socketPath !== null) return CLEAN;
      if (isIP(host.split('%')[0] ?? '') !== 0) return { count: 0, sample: [`${host} is an address`] };
      try {
        const addresses = await addressesOf(host, connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
        return { count: 0, sample: addresses.map(({ address }) => `${host} is ${address}`) };
      } catch (error) {
        const code = codeOf(error);
        return {
          count: 1,
          sample: [`${host}: ${explain(code, error)}`],
          hint:
            code === 'ENOTFOUND'
              ? 'Correct the host in DATABASE_URL, or make the name known (DNS, /etc/hosts); between containers it is the name of the service, in the same network.'
              : 'Make the name server answer (/etc/resolv.conf, VPN, network of the container), or put the address of the server into DATABASE_URL.',
          command: `getent hosts ${host}`,
        };
      }
    },
  };
}

/** The system's resolver has a time limit of its own, which is long. */
function addressesOf(host: string, ms: number) {
  const late = setTimeout(ms, null, { ref: false }).then(() => {
    throw new Error(`no answer within ${ms / 1000} s`);
  });
  return Promise.race([lookup(host, { all: true, verbatim: true }), late]);
}

/** How long the usual port may take to answer, when the one asked for refuses. */
const OTHER_PORT_MS = 500;

/** Whether somebody takes connections where the server should be; what he speaks is not looked at. */
export function tcpCheck<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): DoctorCheck<TargetContext<Target>> {
  return {
    id: 'server.tcp',
    title: 'The server takes connections',
    level: 'error',
    hint: 'Nobody answers where DATABASE_URL says that the server is.',
    decisive: true,
    async find({ target }) {
      const location = kind.locationOf(target);
      const since = performance.now();
      try {
        (await dial(location)).destroy();
      } catch (error) {
        return location.socketPath === null
          ? await portFindings(kind, location, target.maskedUrl, error)
          : socketFindings(kind, location.socketPath, error);
      }
      return { count: 0, sample: [`${placeOf(location)} answers in ${duration(performance.now() - since)}`] };
    },
  };
}

type Kind = Pick<ServerKind<never>, 'product' | 'defaultPort' | 'service'>;

async function portFindings(
  { product, defaultPort, service }: Kind,
  location: ServerLocation,
  maskedUrl: string,
  error: unknown,
): Promise<Findings> {
  const { host, port } = location;
  const code = codeOf(error);
  const refused = `${placeOf(location)}: ${explain(code, error)}`;
  const found = (hint: string, command = `nc -vz ${host} ${port}`, ...more: string[]) => ({
    count: 1,
    sample: [refused, ...more],
    hint,
    command,
  });
  if (code === 'ECONNREFUSED') {
    const usual = { ...location, port: defaultPort };
    if (port !== defaultPort && (await answers({ ...usual, connectTimeoutMs: OTHER_PORT_MS }))) {
      return found(
        `The machine is there and something listens on the usual port of ${product}: correct the port in DATABASE_URL.`,
        `mcpgw doctor --database-url '${maskedUrl.replace(`:${port}/`, `:${defaultPort}/`)}'`,
        `${placeOf(usual)}: takes connections`,
      );
    }
    return isLocal(location)
      ? found(
          `Start ${product}, or correct the port in DATABASE_URL. In a container, ${host} is the container itself: name the service or the host of the database instead.`,
          startCommand(service),
        )
      : found(
          `The machine is there, but nothing listens on that port: start ${product} on it, let it listen on this address and not just its own (listen_addresses, bind-address), or correct the port in DATABASE_URL.`,
        );
  }
  return code === 'EACCES' || code === 'EPERM'
    ? found('A rule of this machine forbids the connection: look at its firewall.')
    : found(
        'The way there is blocked or the machine is off: look at firewall, security group, VPN and routing, and at the host in DATABASE_URL.',
      );
}

/** On a Mac servers come from Homebrew as a rule. */
function startCommand(service: string): string {
  return process.platform === 'darwin' ? `brew services start ${service}` : `systemctl start ${service}`;
}

async function answers(location: ServerLocation): Promise<boolean> {
  try {
    (await dial(location)).destroy();
    return true;
  } catch {
    return false;
  }
}

function socketFindings({ product, service }: Kind, path: string, error: unknown): Findings {
  const code = codeOf(error);
  const folder = dirname(path);
  const found = (what: string, hint: string, command: string, ...more: string[]) => ({
    count: 1,
    sample: [`${path}: ${what}`, ...more],
    hint,
    command,
  });
  switch (code) {
    case 'ENOENT':
      return found(
        'there is no such socket',
        `Start ${product}, or name its host or the right folder in DATABASE_URL: a URL without a host means a socket on this machine.`,
        startCommand(service),
        ...socketsIn(folder)
          .filter((name) => name !== basename(path))
          .map((name) => `${folder}/${name}: is there`),
      );
    case 'ECONNREFUSED':
      return found(
        'nobody listens on it (ECONNREFUSED)',
        `It is a socket that a server left behind: start ${product} again.`,
        startCommand(service),
      );
    case 'EACCES':
      return found(
        'this user may not use it (EACCES)',
        'Run as a user who may search its folder and write to the socket, or connect over TCP: name a host in DATABASE_URL.',
        `ls -ld ${folder} ${path}`,
      );
    default:
      return found(
        explain(code, error),
        'Correct the folder of the socket in DATABASE_URL.',
        `ls -ld ${path}`,
      );
  }
}

function socketsIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isSocket()).map(({ name }) => name);
  } catch {
    return [];
  }
}

const CODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name (ENOTFOUND)',
  EAI_AGAIN: 'no name server answers (EAI_AGAIN)',
  ECONNREFUSED: 'the connection is refused: nothing listens there (ECONNREFUSED)',
  ETIMEDOUT: 'no answer in time (ETIMEDOUT)',
  EHOSTUNREACH: 'there is no route to this machine (EHOSTUNREACH)',
  ENETUNREACH: 'there is no route to this network (ENETUNREACH)',
  ECONNRESET: 'the connection is reset at once (ECONNRESET)',
  EACCES: 'this machine forbids the connection (EACCES)',
  EPERM: 'this machine forbids the connection (EPERM)',
};

function explain(code: string, error: unknown): string {
  return CODES[code] ?? errorText(error);
}

/** With several addresses the error is one of all of them; a refusal says more than a time-out. */
function codeOf(error: unknown): string {
  const all = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const codes = all.map((each) => (each as { code?: string }).code ?? '');
  return codes.find((code) => code === 'ECONNREFUSED') ?? codes[0] ?? '';
}
