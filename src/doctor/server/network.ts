import { lookup } from 'node:dns/promises';
import { readdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CLEAN, type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import { connectFailure } from '../../database/said-by-server.ts';
import { dial, placeOf, type ServerLocation } from '../../database/server-location.ts';
import { errorText } from '../../errors.ts';
import { mcpgw, shell } from '../../report/advice.ts';
import { duration } from '../../report/duration.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import { TIMING } from '../../timing.ts';
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

/** Codes of the system at a port. */
const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused: nothing listens there',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to this machine',
  ENETUNREACH: 'there is no route to this network',
  ECONNRESET: 'the connection is reset at once',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
};

function explain(error: unknown): { readonly code: string; readonly what: string } {
  // With several addresses the error is one of all of them; a refusal says more than a time-out.
  const all = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const codes = all.map((each) => (each as { code?: string }).code ?? '');
  const code = codes.find((each) => each === 'ECONNREFUSED') ?? codes[0] ?? '';
  const known = CODES[code];
  return { code, what: known === undefined ? errorText(error) : `${known} (${code})` };
}

/** Whether the server's name leads to an address. Addresses and unix sockets have nothing to resolve. */
export function dnsCheck<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): DoctorCheck<TargetContext<Target>> {
  return {
    id: 'server.dns',
    title: 'The name of the server resolves',
    level: 'error',
    hint: 'Make the name server answer (/etc/resolv.conf, VPN, network of the container), or put the address of the server into DATABASE_URL.',
    decisive: true,
    async find({ target }) {
      const { host, socketPath, connectTimeoutMs } = kind.locationOf(target);
      if (socketPath !== null) return CLEAN;
      if (isIP(host.split('%')[0] ?? '') !== 0) return fine(`${host} is an address`);
      try {
        const addresses = await addressesOf(host, connectTimeoutMs ?? TIMING.connectMs);
        return fine(...addresses.map(({ address }) => `${host} is ${address}`));
      } catch (error) {
        const known = error instanceof Error ? connectFailure(kind.product, error) : null;
        const command = shell(`getent hosts ${host}`);
        return found([known?.message ?? `${host}: ${errorText(error)}`], {
          command,
          ...(known && { hint: known.hint }),
        });
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

/** Whether somebody takes connections where the server should be; what he speaks is not looked at. */
export function tcpCheck<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): DoctorCheck<TargetContext<Target>> {
  return {
    id: 'server.tcp',
    title: 'The server takes connections',
    level: 'error',
    hint: 'The way there is blocked, the machine is off, or the server does not listen on this address (listen_addresses, bind-address): look at firewall, security group, VPN and routing, and at host and port in DATABASE_URL.',
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
      return fine(`${placeOf(location)} answers in ${duration(performance.now() - since)}`);
    },
  };
}

type Kind = Pick<ServerKind<never>, 'product' | 'defaultPort' | 'service'>;

/** On a Mac servers come from Homebrew as a rule. */
const startCommand = ({ service }: Kind) =>
  shell(process.platform === 'darwin' ? `brew services start ${service}` : `systemctl start ${service}`);

/** How long the usual port may take to answer, when the one asked for refuses. */
const OTHER_PORT_MS = 500;

async function portFindings(
  kind: Kind,
  location: ServerLocation,
  maskedUrl: string,
  error: unknown,
): Promise<Findings> {
  const { host, port } = location;
  const { code, what } = explain(error);
  const refused = `${placeOf(location)}: ${what}`;
  const usual = { ...location, port: kind.defaultPort, connectTimeoutMs: OTHER_PORT_MS };
  if (code === 'ECONNREFUSED' && port !== usual.port && (await answers(usual))) {
    return found([refused, `${placeOf(usual)}: takes connections`], {
      hint: `The machine is there and something listens on the usual port of ${kind.product}: correct the port in DATABASE_URL.`,
      command: mcpgw('doctor', '--database-url', maskedUrl.replace(`:${port}/`, `:${usual.port}/`)),
    });
  }
  const command = shell(`nc -vz ${host} ${port}`);
  if (code !== 'ECONNREFUSED' || !isLocal(location)) return { count: 1, sample: [refused], command };
  const hint = `Start ${kind.product}, or correct the port in DATABASE_URL. In a container, ${host} is the container itself: name the service or the host of the database instead.`;
  return { count: 1, sample: [refused], hint, command: startCommand(kind) };
}

async function answers(location: ServerLocation): Promise<boolean> {
  return dial(location).then(
    (socket) => !!socket.destroy(),
    () => false,
  );
}

function socketFindings(kind: Kind, path: string, error: unknown): Findings {
  const { code, what } = explain(error);
  const folder = dirname(path);
  const sockets = code === 'ENOENT' ? socketsIn(folder).filter((each) => each !== path) : [];
  const words: Readonly<Record<string, readonly [what: string, hint: string]>> = {
    ENOENT: [
      'there is no such socket',
      `Start ${kind.product}, or name its host or the right folder in DATABASE_URL: a URL without a host means a socket on this machine.`,
    ],
    ECONNREFUSED: [
      'nobody listens on it (ECONNREFUSED)',
      `It is a socket that a server left behind: start ${kind.product} again.`,
    ],
  };
  const [said, hint] = words[code] ?? [
    what,
    'Run as a user who may search its folder and write to the socket, correct its folder in DATABASE_URL, or name a host there.',
  ];
  return {
    count: 1,
    sample: [`${path}: ${said}`, ...sockets.map((each) => `${each}: is there`)],
    hint,
    command: said === what ? shell(`ls -ld ${folder} ${path}`) : startCommand(kind),
  };
}

function socketsIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isSocket()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
