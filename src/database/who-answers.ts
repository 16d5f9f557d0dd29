import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import { SSL_REQUEST } from './postgresql/ssl-request.ts';
import type { ServerLocation } from './server-location.ts';

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
