import { accessSync, constants, statSync } from 'node:fs';
import { CLEAN } from '../../checks/check.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { certificateFacts } from './certificate-facts.ts';
import { type LoginFailure, loginAttempt } from './login-attempt.ts';
import { tlsOffer } from './tls-offer.ts';

/** Whether sslmode and its files fit what the server offers. */
export const tls: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.tls',
  title: 'TLS works as sslmode asks for it',
  level: 'error',
  meaning: 'The connection is not made because the two sides do not agree on TLS.',
  command: '',
  decisive: true,
  async find(context) {
    const { target } = context;
    // Over a unix socket TLS is not spoken, whatever sslmode says.
    if (target.host.startsWith('/')) return CLEAN;
    const files = fileFindings(target);
    if (files !== null) return files;
    const offer = await tlsOffer(context);
    const { mode } = target.ssl;
    if (offer === 'N' && !['disable', 'allow', 'prefer'].includes(mode)) return notOffered(target);
    const { failure } = await loginAttempt(context);
    if (failure === null) {
      const used = offer === 'S' && !['disable', 'allow'].includes(mode);
      return {
        count: 0,
        sample: [
          `sslmode=${mode}; the server offers ${offer === 'S' ? '' : 'no '}TLS${used ? ', which is used' : ''}`,
        ],
      };
    }
    if (offer === 'S' && mode === 'disable' && wantsTls(failure)) return required(target);
    if (wantsCertificate(failure)) return certificateWanted(failure);
    if (failure.fromServer) return CLEAN;
    const problem = certificateProblem(failure, target);
    if (problem === null) return CLEAN;
    return { count: 1, ...problem, sample: [problem.what, ...(await certificateFacts(target))] };
  },
};

/** Files that the URL names and that cannot be used; libpq, which the gateway uses, refuses a key that others may read. */
function fileFindings({ ssl }: PostgresqlTarget): DoctorFindings | null {
  const sample: string[] = [];
  const commands: string[] = [];
  for (const [parameter, path] of [
    ['sslrootcert', ssl.rootCert],
    ['sslcert', ssl.cert],
    ['sslkey', ssl.key],
    ['sslcrl', ssl.crl],
  ] as const) {
    if (path === null || (parameter === 'sslrootcert' && path === 'system')) continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      sample.push(`${parameter}: ${path} cannot be read (${(error as { code?: string }).code ?? error})`);
      commands.push(`ls -l ${path}`);
      continue;
    }
    const { mode, uid } = statSync(path);
    // libpq: 0600, or 0640 when it belongs to root.
    const allowed = uid === 0 ? 0o640 : 0o600;
    if (parameter === 'sslkey' && process.platform !== 'win32' && (mode & 0o777 & ~allowed) !== 0) {
      sample.push(`${parameter}: ${path} can be read by others, and the gateway’s driver refuses it`);
      commands.push(`chmod 600 ${path}`);
    }
  }
  if (sample.length === 0) return null;
  return {
    count: sample.length,
    sample,
    hint: 'Correct the files that DATABASE_URL names.',
    command: commands.join(' && '),
  };
}

function notOffered({ ssl, maskedUrl }: PostgresqlTarget): DoctorFindings {
  return {
    count: 1,
    sample: [`sslmode=${ssl.mode} asks for TLS, and the server speaks none`],
    hint: `Give the server a certificate and turn TLS on, or, where everything between here and the server is trusted, ask for it only where it is offered: sslmode=prefer in DATABASE_URL (${maskedUrl}).`,
    command: 'ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf();',
  };
}

/** As far as can be told, pg_hba.conf has a line for this user, but only with TLS; PostgreSQL 13 says `SSL off`. */
function wantsTls({ code, message }: LoginFailure): boolean {
  return (
    (code === '28000' && /no pg_hba\.conf entry .*(no encryption|SSL off)/s.test(message)) ||
    // PgBouncer
    /SSL required/i.test(message)
  );
}

function required({ ssl, maskedUrl }: PostgresqlTarget): DoctorFindings {
  return {
    count: 1,
    sample: [`The server takes no connection without TLS from this user and address; sslmode=${ssl.mode}`],
    hint: 'Ask for TLS in DATABASE_URL: sslmode=require, or better verify-full with sslrootcert. When it is refused then, too, pg_hba.conf has no line for this user at all.',
    command: `mcpgw doctor --database-url '${requiringTls(maskedUrl)}'`,
  };
}

function requiringTls(url: string): string {
  const [address = '', query = ''] = url.split('?');
  const others = query.split('&').filter((each) => each !== '' && !/^ssl(mode)?=/.test(each));
  return `${address}?${[...others, 'sslmode=require'].join('&')}`;
}

function wantsCertificate({ code, message }: LoginFailure): boolean {
  return code === '28000' && /valid client certificate/.test(message);
}

function certificateWanted({ message }: LoginFailure): DoctorFindings {
  return {
    count: 1,
    sample: [message],
    hint: 'The server logs this user in by a certificate only: name it and its key with sslcert and sslkey in DATABASE_URL.',
  };
}

const UNKNOWN_ISSUERS = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** By the codes of Node's TLS, which are OpenSSL's `X509_V_ERR_…`. */
function certificateProblem(
  { code, message }: LoginFailure,
  { ssl, host, port }: PostgresqlTarget,
): { readonly what: string; readonly hint: string; readonly command?: string } | null {
  const show = `openssl s_client -starttls postgres -connect ${host}:${port} -showcerts </dev/null`;
  if (code === 'CERT_HAS_EXPIRED') {
    return {
      what: 'The certificate of the server has expired (CERT_HAS_EXPIRED)',
      hint: 'Renew it on the server and let it read the new one.',
      command: 'SELECT pg_reload_conf();',
    };
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return {
      what: 'The certificate of the server is not valid yet (CERT_NOT_YET_VALID)',
      hint: 'Compare the clocks of both machines.',
      command: 'date',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      what: 'The certificate of the server is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
      hint: 'Put a name into DATABASE_URL that the certificate is for, or give the server a certificate for this one; sslmode=verify-ca does not look at names.',
      command: show,
    };
  }
  if (UNKNOWN_ISSUERS.has(code)) {
    return {
      what: `The certificate of the server was issued by nobody who is trusted here (${code})`,
      hint:
        ssl.rootCert === null || ssl.rootCert === 'system'
          ? 'Name the certificate of its issuer in DATABASE_URL: sslrootcert=/path/to/root.crt'
          : `The file in sslrootcert, ${ssl.rootCert}, does not hold the certificate of its issuer: get the right one from whoever runs the server.`,
      command: show,
    };
  }
  if (/^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO|CERT_)/.test(code) || /SSL|TLS|certificate/i.test(message)) {
    return {
      what: message,
      hint: 'Check sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL.',
      command: show,
    };
  }
  return null;
}
