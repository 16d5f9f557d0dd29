import { isIP, type Socket } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { askForTls } from '../../database/postgresql/ask-for-tls.ts';
import { CONNECT_TIMEOUT_MS } from '../../database/server-location.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';

/** What the certificate says that the server shows, a line each; empty when it shows none. Trusts nothing in it. */
export async function certificateFacts(target: PostgresqlTarget): Promise<readonly string[]> {
  const { answer, socket } = await askForTls(target);
  try {
    if (answer !== 'S') return [];
    const certificate = await peerCertificate(socket, target);
    if (certificate === null) return [];
    const { subject, issuer, subjectaltname, valid_from, valid_to } = certificate;
    return [
      `it is for ${subjectaltname ?? subject?.CN ?? 'no name'}, and DATABASE_URL says ${target.host}`,
      `it was issued by ${issuer?.CN ?? issuer?.O ?? 'somebody without a name'}`,
      `it is valid from ${valid_from} until ${valid_to}`,
    ];
  } finally {
    socket.destroy();
  }
}

function peerCertificate(socket: Socket, { host }: PostgresqlTarget): Promise<PeerCertificate | null> {
  return new Promise((resolve) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secure = connect({ socket, rejectUnauthorized: false, ...name });
    const timer = setTimeout(() => resolve(null), CONNECT_TIMEOUT_MS);
    const done = (certificate: PeerCertificate | null) => {
      clearTimeout(timer);
      secure.destroy();
      resolve(certificate);
    };
    secure.once('secureConnect', () => done(secure.getPeerCertificate()));
    secure.once('error', () => done(null));
  });
}
