import type { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import type { OpenDatabase, OpenOptions } from './dialect.ts';
import { saidByServer } from './said-by-server.ts';
import { dial, placeOf, type ServerLocation, SSL_REQUEST } from './server-location.ts';

type FamilyName = 'postgresql' | 'mysql';

interface Family {
  readonly product: string;
  readonly scheme: string;
  readonly port: number;
}

const FAMILIES: Readonly<Record<FamilyName, Family>> = {
  postgresql: { product: 'PostgreSQL', scheme: 'postgresql://', port: 5432 },
  mysql: { product: 'MySQL or MariaDB', scheme: 'mysql://', port: 3306 },
};

/** A login that takes longer is worth a look who it is that takes so long. */
const QUIET_MS = 2_000;

/** Where these end an attempt nobody took the connection. */
const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT|EACCES|EPERM)$/;

/**
 * Opens a server. A driver that meets something else waits in vain for its time-out, or stumbles over what it
 * reads: when it is slow or fails, it is found out who takes the connections there.
 *
 * @throws GatewayError NOT_A_DATABASE when it is certainly another service, whatever the driver made of it;
 *   otherwise what `open` throws
 */
export async function openRightServer(
  location: ServerLocation,
  family: FamilyName,
  options: OpenOptions,
  open: (options: OpenOptions) => Promise<OpenDatabase>,
): Promise<OpenDatabase> {
  let looked: Promise<Answerer> | undefined;
  const look = () => {
    looked ??= whoAnswers(location);
    return looked;
  };
  const abandon = new AbortController();
  const opening = open({ ...options, abandon: abandon.signal });
  let quiet: NodeJS.Timeout | undefined;
  const other = new Promise<GatewayError>((resolve) => {
    quiet = setTimeout(async () => {
      const error = otherService(await look(), location, family);
      if (error !== null) resolve(error);
    }, QUIET_MS);
  });
  try {
    const first = await Promise.race([opening, other]);
    if (!(first instanceof GatewayError)) return first;
    abandon.abort();
    opening.then(({ kysely }) => kysely.destroy()).catch(() => {});
    throw first;
  } catch (error) {
    if (!mayBeAnother(error)) throw error;
    const who = await look();
    throw otherService(who, location, family, error) ?? wordless(who, location, family, error) ?? error;
  } finally {
    clearTimeout(quiet);
  }
}

function mayBeAnother(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return !saidByServer(error);
  if (error.code !== 'UNREACHABLE' || saidByServer(error.cause)) return false;
  const { code = '' } = (error.cause ?? {}) as { code?: string };
  return !NOT_CONNECTED.test(code);
}

function otherService(
  who: Answerer,
  location: ServerLocation,
  family: FamilyName,
  cause?: unknown,
): GatewayError | null {
  if (who === family || who === 'silent' || who === 'closed' || who === 'nobody') return null;
  const { product, port } = FAMILIES[family];
  const answers = `${placeOf(location)} answers, but not as ${product} does`;
  const usual = `${product} listens on port ${port} as a rule`;
  const [message, hint] =
    who === 'http'
      ? [`${answers}: it is a web server (HTTP).`, `Check host and port in DATABASE_URL: ${usual}.`]
      : who === 'other'
        ? [`${answers}.`, `Check scheme, host and port in DATABASE_URL: ${usual}.`]
        : belongsTo(FAMILIES[who], answers, usual);
  return new GatewayError('NOT_A_DATABASE', message, { hint, cause });
}

function belongsTo(
  { product, scheme }: Family,
  answers: string,
  usual: string,
): readonly [message: string, hint: string] {
  return [
    `${answers}: it is ${product}.`,
    `Check scheme and port in DATABASE_URL: for this server it begins with ${scheme}, and ${usual}.`,
  ];
}

/** Something is there, which may be the server and hang, or start: that is worth waiting for. */
function wordless(
  who: Answerer,
  location: ServerLocation,
  family: FamilyName,
  cause: unknown,
): GatewayError | null {
  if (who !== 'silent' && who !== 'closed') return null;
  const does = who === 'silent' ? 'says nothing' : 'hangs up';
  const { product } = FAMILIES[family];
  const message = `${product} does not answer: ${placeOf(location)} takes the connection, and ${does}.`;
  return new GatewayError('UNREACHABLE', message, {
    hint: 'The server hangs or is still starting, a proxy has no server behind it, or another service listens there: look at its log, and check scheme, host and port in DATABASE_URL. To wait for it: --wait 60',
    cause: cause instanceof GatewayError ? cause.cause : cause,
  });
}

/**
 * Who takes connections somewhere. `silent`: it said nothing; `closed`: it hung up; `other`: it said something
 * that is none of these; `nobody`: there is no connection.
 */
export type Answerer = 'postgresql' | 'mysql' | 'http' | 'other' | 'silent' | 'closed' | 'nobody';

/** What brings each kind of server to speak, and how long it may take: the last two answer an empty line. */
const PROMPTS: readonly { readonly say: Uint8Array | null; readonly ms: number }[] = [
  { say: null, ms: 500 },
  { say: SSL_REQUEST, ms: 1_000 },
  { say: Buffer.from('\r\n\r\n'), ms: 1_000 },
];
const DIAL_MS = 3_000;

/**
 * Finds out who takes connections at a place, on a connection of its own and without logging in. Takes six
 * seconds at most, and less than one where a database answers.
 */
export async function whoAnswers(location: ServerLocation): Promise<Answerer> {
  let socket: Socket;
  try {
    socket = await dial({ ...location, connectTimeoutMs: DIAL_MS });
  } catch {
    return 'nobody';
  }
  try {
    for (const { say, ms } of PROMPTS) {
      if (say !== null) socket.write(say);
      const said = await firstWords(socket, ms);
      if (said !== 'silent') return said === 'closed' ? said : speaker(said);
    }
    return 'silent';
  } finally {
    socket.destroy();
  }
}

function firstWords(socket: Socket, ms: number): Promise<Buffer | 'silent' | 'closed'> {
  return new Promise((resolve) => {
    const onData = (bytes: Buffer) => done(bytes);
    const onClose = () => done('closed');
    const done = (result: Buffer | 'silent' | 'closed') => {
      clearTimeout(timer);
      socket.pause().off('data', onData).off('end', onClose).off('close', onClose);
      resolve(result);
    };
    const timer = setTimeout(() => done('silent'), ms);
    if (socket.destroyed) done('closed');
    else socket.on('data', onData).on('end', onClose).on('close', onClose).resume();
  });
}

/** Whose first words these are. */
function speaker(bytes: Buffer): Answerer {
  const text = bytes.toString('latin1');
  // To SSLRequest one letter, or an error in the form of protocol 2 or 3: both hold a zero byte.
  if (text === 'S' || text === 'N' || (text.startsWith('E') && text.includes('\0'))) return 'postgresql';
  // A packet with number 0, and in it the version of the protocol, or an error (MySQL manual, "Protocol::Handshake").
  if (bytes[3] === 0 && (bytes[4] === 10 || bytes[4] === 0xff)) return 'mysql';
  return text.startsWith('HTTP/') ? 'http' : 'other';
}
