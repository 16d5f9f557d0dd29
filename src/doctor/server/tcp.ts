import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { dial } from '../../database/dial.ts';
import { placeOf, type ServerLocation } from '../../database/server-location.ts';
import { errorText } from '../../errors.ts';
import { duration } from '../../report/duration.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { isLocal, type ServerKind } from './location.ts';

/** How long the usual port may take to answer, when the one asked for refuses. */
const OTHER_PORT_MS = 500;

/** Whether somebody takes connections where the server should be; what he speaks is not looked at. */
export function tcpExamination<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
): Examination<TargetContext<Target>> {
  return {
    id: 'server.tcp',
    title: 'The server takes connections',
    level: 'error',
    meaning: 'Nobody answers where DATABASE_URL says that the server is.',
    command: '',
    decisive: true,
    async find(context) {
      const location = kind.locationOf(context);
      const since = performance.now();
      try {
        (await dial(location)).destroy();
      } catch (error) {
        return location.socketPath === null
          ? await portFindings(kind, location, context.target.maskedUrl, error)
          : socketFindings(kind, location.socketPath, error);
      }
      return { count: 0, sample: [`${placeOf(location)} answers in ${duration(performance.now() - since)}`] };
    },
  };
}

type Kind = Pick<ServerKind<never>, 'product' | 'defaultPort' | 'service'>;

async function portFindings(
  kind: Kind,
  location: ServerLocation,
  maskedUrl: string,
  error: unknown,
): Promise<DoctorFindings> {
  const code = codeOf(error);
  const sample = [`${placeOf(location)}: ${explain(code, error)}`];
  if (code === 'ECONNREFUSED' && (await answersElsewhere(kind, location))) {
    return {
      count: 1,
      sample: [...sample, `${placeOf({ ...location, port: kind.defaultPort })}: takes connections`],
      hint: `The machine is there and something listens on the usual port of ${kind.product}: correct the port in DATABASE_URL.`,
      command: `mcpgw doctor --database-url '${maskedUrl.replace(`:${location.port}/`, `:${kind.defaultPort}/`)}'`,
    };
  }
  return { count: 1, sample, ...advice(kind, location, code) };
}

function advice(
  { product, service }: Kind,
  location: ServerLocation,
  code: string,
): Pick<DoctorFindings, 'hint' | 'command'> {
  const probe = `nc -vz ${location.host} ${location.port}`;
  if (code === 'ECONNREFUSED') {
    return isLocal(location)
      ? {
          hint: `Start ${product}, or correct the port in DATABASE_URL. In a container, ${location.host} is the container itself: name the service or the host of the database instead.`,
          command: startCommand(service),
        }
      : {
          hint: `The machine is there, but nothing listens on that port: start ${product} on it, let it listen on this address and not just its own (listen_addresses, bind-address), or correct the port in DATABASE_URL.`,
          command: probe,
        };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return { hint: 'A rule of this machine forbids the connection: look at its firewall.', command: probe };
  }
  return {
    hint: 'The way there is blocked or the machine is off: look at firewall, security group, VPN and routing, and at the host in DATABASE_URL.',
    command: probe,
  };
}

/** On a Mac servers come from Homebrew as a rule. */
function startCommand(service: string): string {
  return process.platform === 'darwin' ? `brew services start ${service}` : `systemctl start ${service}`;
}

async function answersElsewhere({ defaultPort }: Kind, location: ServerLocation): Promise<boolean> {
  if (location.port === defaultPort) return false;
  try {
    const socket = await dial({ ...location, port: defaultPort, connectTimeoutMs: OTHER_PORT_MS });
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

function socketFindings({ product, service }: Kind, path: string, error: unknown): DoctorFindings {
  const code = codeOf(error);
  const start = startCommand(service);
  const others = socketsIn(dirname(path)).filter((name) => name !== basename(path));
  switch (code) {
    case 'ENOENT':
      return {
        count: 1,
        sample: [
          `${path}: there is no such socket`,
          ...others.map((name) => `${dirname(path)}/${name}: is there`),
        ],
        hint: `Start ${product}, or name its host or the right folder in DATABASE_URL: a URL without a host means a socket on this machine.`,
        command: start,
      };
    case 'ECONNREFUSED':
      return {
        count: 1,
        sample: [`${path}: nobody listens on it (ECONNREFUSED)`],
        hint: `It is a socket that a server left behind: start ${product} again.`,
        command: start,
      };
    case 'EACCES':
      return {
        count: 1,
        sample: [`${path}: this user may not use it (EACCES)`],
        hint: 'Run as a user who may search its folder and write to the socket, or connect over TCP: name a host in DATABASE_URL.',
        command: `ls -ld ${dirname(path)} ${path}`,
      };
    default:
      return {
        count: 1,
        sample: [`${path}: ${explain(code, error)}`],
        hint: 'Correct the folder of the socket in DATABASE_URL.',
        command: `ls -ld ${path}`,
      };
  }
}

function socketsIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isSocket())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

const CODES: Readonly<Record<string, string>> = {
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
