import { CLEAN } from '../../checks/check.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { attemptOf, NEEDS_TLS } from './attempt.ts';
import type { Refusal } from './refusal.ts';
import { withParameter } from './with-parameter.ts';

/** Whether what the URL asks for and what the server offers come together. */
export const tls: Examination<TargetContext<MysqlTarget>> = {
  id: 'server.tls',
  title: 'TLS is as DATABASE_URL asks for it',
  level: 'error',
  meaning: 'The connection to the server cannot be secured, or must be and is not.',
  command: '',
  decisive: true,
  async find(context) {
    const { refusal } = await attemptOf(context);
    if (refusal?.gate !== 'tls') {
      return { ...CLEAN, sample: [`DATABASE_URL asks for: ${context.target.ssl.mode}`] };
    }
    return tlsFindings(refusal, context.target);
  },
};

/** What OpenSSL says of a certificate; the driver leaves nothing but its words. */
const CERTIFICATES: readonly (readonly [words: RegExp, hint: string])[] = [
  [
    /self-signed|issuer|first certificate|unable to verify/i,
    'The certificate comes from an authority that is not trusted here: name the file of that authority (the server’s ca.pem) as ssl_ca in DATABASE_URL.',
  ],
  [
    /expired/i,
    'The certificate of the server has expired: renew it on the server, and look at the clocks of both.',
  ],
  [/not yet valid/i, 'The certificate of the server is not valid yet: look at the clocks of both machines.'],
  [
    /altnames|hostname/i,
    'The certificate is for another name: connect under a name that it has, or check the authority only, with ssl_check_hostname=false.',
  ],
  [
    /alert (protocol version|handshake failure)|unsupported protocol|no shared cipher/i,
    'The two have no version or cipher of TLS in common: let the server offer TLS 1.2 or later (tls_version).',
  ],
  [
    /key values mismatch|PEM routines|no start line/i,
    'The files of ssl_cert and ssl_key do not belong together, or are no PEM files: correct them in DATABASE_URL.',
  ],
  [
    /alert|certificate required/i,
    'The server refuses the client’s certificate: look at ssl_cert and ssl_key in DATABASE_URL.',
  ],
];

/** The finding for a refusal at this gate. */
export function tlsFindings({ code, message }: Refusal, target: MysqlTarget): DoctorFindings {
  const { mode, ca } = target.ssl;
  const secured = withParameter(target, 'ssl=true');
  switch (code) {
    case NEEDS_TLS:
      return {
        count: 1,
        sample: [
          `the server lets ${target.user ?? 'this user'} in with TLS only, and DATABASE_URL asks for none (${mode})`,
        ],
        hint: 'Add ssl=true to DATABASE_URL, or ssl_ca with the server’s authority, which also makes sure that it is the right server.',
        command: secured,
      };
    case 3159:
      return {
        count: 1,
        sample: [`${message} DATABASE_URL asks for no TLS (${mode})`],
        hint: 'The server takes connections with TLS only (require_secure_transport): add ssl=true or ssl_ca to DATABASE_URL.',
        command: secured,
      };
    case 'HANDSHAKE_NO_SSL_SUPPORT':
      return {
        count: 1,
        sample: [`DATABASE_URL asks for TLS (${mode}), and the server offers none`],
        hint: 'Give the server a certificate (ssl_ca, ssl_cert and ssl_key in its my.cnf), or, on a network that you trust, take the ssl parameters out of DATABASE_URL.',
        command: 'mysql --execute="SHOW VARIABLES LIKE \'%ssl%\'"',
      };
    case 'URL':
      return {
        count: 1,
        sample: [message],
        hint: 'Correct the path in DATABASE_URL, or let this user read the file.',
      };
    default: {
      const known = CERTIFICATES.find(([words]) => words.test(message));
      return {
        count: 1,
        sample: [
          message.replaceAll(/\s+/g, ' ').slice(0, 200),
          `DATABASE_URL asks for ${mode}${ca === null ? ' and names no ssl_ca' : `, with the authorities in ${ca}`}`,
        ],
        ...(known === undefined ? {} : { hint: known[1] }),
        command: `openssl s_client -starttls mysql -connect ${target.host}:${target.port} -showcerts`,
      };
    }
  }
}
