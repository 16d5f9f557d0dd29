import { accessSync, constants, statSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import type { Findings } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { askForTls, type TlsAnswer } from '../../database/postgresql/ask-for-tls.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { postgresqlLocation } from '../../database/postgresql/location.ts';
import { CONNECT_TIMEOUT_MS, placeOf } from '../../database/server-location.ts';
import { GatewayError } from '../../errors.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import { type Advice, adviceOn, type Gate, type Login, loginName, type Refusal } from '../server/login.ts';
import { isLocal } from '../server/network.ts';

export const POSTGRESQL_GATES = {
  protocol: {
    title: 'What answers is PostgreSQL',
    hint: 'Connections are taken, but whoever takes them does not speak as PostgreSQL does.',
  },
  tls: {
    title: 'TLS works as sslmode asks for it',
    hint: 'The connection is not made because the two sides do not agree on TLS.',
  },
  authentication: {
    title: 'The server lets this user in',
    hint: 'The server answers, and refuses the user or the password of DATABASE_URL.',
  },
  database: {
    title: 'The database takes this user',
    hint: 'The server lets the user in, but not into this database.',
  },
  version: {
    title: 'The server is new enough',
    hint: 'The migration uses what this version of PostgreSQL does not have.',
  },
} as const;

export const postgresqlLogin = perContext(
  async (context: TargetContext<PostgresqlTarget>): Promise<Login> => {
    const { target } = context;
    const { mode } = target.ssl;
    const refusedAt = (gate: Gate, findings: Findings): Login => ({
      server: null,
      refused: { gate, findings },
      tls: [],
    });
    // What the server says about TLS before anybody logs in. Over a unix socket TLS is not spoken: always `N`.
    const { answer, socket } = await askForTls(target);
    socket.destroy();
    if (answer !== 'S' && answer !== 'N') return refusedAt('protocol', otherProtocol(target, answer));
    const isSocket = target.host.startsWith('/');
    const unusable = isSocket ? null : fileFindings(target);
    if (unusable !== null) return refusedAt('tls', unusable);
    const isOptional = ['disable', 'allow', 'prefer'].includes(mode);
    if (answer === 'N' && !isOptional && !isSocket) return refusedAt('tls', notOffered(target));
    try {
      const server = await context.connect('read', async (db) => db.dialect.server);
      const offers = `the server offers ${answer === 'S' ? '' : 'no '}TLS`;
      const isUsed = answer === 'S' && !['disable', 'allow'].includes(mode);
      const tls = isSocket ? [] : [`sslmode=${mode}; ${offers}${isUsed ? ', which is used' : ''}`];
      return { server, refused: null, tls };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.error?.code === 'SERVER_VERSION') return refusedAt('version', tooOld(refusal.error));
      const tls = isSocket ? null : await tlsFindings(refusal, target, answer);
      if (tls !== null) return refusedAt('tls', tls);
      const authentication = adviceOn(authenticationAdvice(target), refusal);
      if (authentication !== null) return refusedAt('authentication', authentication);
      return refusedAt('database', databaseFindings(refusal, target));
    }
  },
);

interface LoginRefusal extends Refusal {
  /** What the program makes of it; null when it knows nothing to say. */
  readonly error: GatewayError | null;
  /** What the server added, as `User does not have CONNECT privilege.` */
  readonly detail: string;
  /** The server itself said it, and not the way there. */
  readonly fromServer: boolean;
}

function refusalOf(error: unknown): LoginRefusal {
  const known = error instanceof GatewayError ? error : null;
  const cause = (known === null ? error : (known.cause ?? known)) as Error & {
    readonly code?: string;
    readonly detail?: string;
    readonly severity?: string;
  };
  const { code = '', message, detail = '', severity } = cause;
  return { error: known, code, message, detail, fromServer: severity !== undefined };
}

const tooOld = ({ message }: GatewayError): Findings => ({
  count: 1,
  sample: [message],
  hint: 'Upgrade the server first, or restore a dump of this database on a newer one.',
});

const OTHER_ANSWERS = {
  silent: 'takes the connection, and says nothing',
  closed: 'takes the connection, and hangs up',
  other: 'answers, but not as PostgreSQL does',
} as const;

function otherProtocol(target: PostgresqlTarget, answer: keyof typeof OTHER_ANSWERS): Findings {
  const location = postgresqlLocation(target);
  const between = isLocal(location) ? 'forwarded port' : 'proxy';
  return {
    count: 1,
    sample: [`${placeOf(location)}: ${OTHER_ANSWERS[answer]}`],
    hint:
      answer === 'other'
        ? 'Correct the port in DATABASE_URL: another service listens there.'
        : `The server hangs, is shutting down, or something in between (firewall, load balancer, ${between}) swallows what is said: look at the server’s log, or correct host and port in DATABASE_URL.`,
    command: `pg_isready --host=${target.host} --port=${target.port}`,
  };
}

/** Files that the URL names and that cannot be used; libpq, which the gateway uses, refuses a key that others may read. */
function fileFindings({ ssl }: PostgresqlTarget): Findings | null {
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

const notOffered = ({ ssl, maskedUrl }: PostgresqlTarget): Findings => ({
  count: 1,
  sample: [`sslmode=${ssl.mode} asks for TLS, and the server speaks none`],
  hint: `Give the server a certificate and turn TLS on, or, where everything between here and the server is trusted, ask for it only where it is offered: sslmode=prefer in DATABASE_URL (${maskedUrl}).`,
  command: 'ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf();',
});

/** What a refusal has to do with TLS; null for nothing. */
async function tlsFindings(
  refusal: LoginRefusal,
  target: PostgresqlTarget,
  answer: TlsAnswer['answer'],
): Promise<Findings | null> {
  const { mode } = target.ssl;
  const demanded = answer === 'S' && mode === 'disable' ? [tlsDemanded(target)] : [];
  const fromServer = adviceOn([...demanded, certificateDemanded(refusal)], refusal);
  if (fromServer !== null || refusal.fromServer) return fromServer;
  const problem = adviceOn(certificateAdvice(target, refusal), refusal);
  return problem && { ...problem, sample: [...problem.sample, ...(await certificateFacts(target))] };
}

/** As far as can be told, pg_hba.conf has a line for this user, but only with TLS; PostgreSQL 13 says `SSL off`. */
function tlsDemanded({ ssl, maskedUrl }: PostgresqlTarget): Advice {
  const [address = '', query = ''] = maskedUrl.split('?');
  const others = query.split('&').filter((each) => each !== '' && !/^ssl(mode)?=/.test(each));
  return {
    // `SSL required` is PgBouncer’s.
    when: /^28000:.*no pg_hba\.conf entry .*(no encryption|SSL off)|SSL required/is,
    sample: [`The server takes no connection without TLS from this user and address; sslmode=${ssl.mode}`],
    hint: 'Ask for TLS in DATABASE_URL: sslmode=require, or better verify-full with sslrootcert. When it is refused then, too, pg_hba.conf has no line for this user at all.',
    command: `mcpgw doctor --database-url '${address}?${[...others, 'sslmode=require'].join('&')}'`,
  };
}

const certificateDemanded = ({ message }: Refusal): Advice => ({
  when: /^28000:.*valid client certificate/s,
  sample: [message],
  hint: 'The server logs this user in by a certificate only: name it and its key with sslcert and sslkey in DATABASE_URL.',
});

/** By the codes of Node's TLS, which are OpenSSL's `X509_V_ERR_…`. */
function certificateAdvice(
  { ssl, host, port }: PostgresqlTarget,
  { code, message }: Refusal,
): readonly Advice[] {
  const show = `openssl s_client -starttls postgres -connect ${host}:${port} -showcerts </dev/null`;
  const certificate = (what: string) => [`The certificate of the server ${what} (${code})`];
  const name = 'Name the certificate of its issuer in DATABASE_URL: sslrootcert=/path/to/root.crt';
  // As libpq does, ours asks no server without one.
  if (ssl.rootCert === null && ssl.mode.startsWith('verify-')) {
    return [{ when: /certificate/, sample: [message], hint: name, command: show }];
  }
  return [
    {
      when: /^CERT_HAS_EXPIRED:/,
      sample: certificate('has expired'),
      hint: 'Renew it on the server and let it read the new one.',
      command: 'SELECT pg_reload_conf();',
    },
    {
      when: /^CERT_NOT_YET_VALID:/,
      sample: certificate('is not valid yet'),
      hint: 'Compare the clocks of both machines.',
      command: 'date',
    },
    {
      when: /^ERR_TLS_CERT_ALTNAME_INVALID:/,
      sample: certificate('is for another name'),
      hint: 'Put a name into DATABASE_URL that the certificate is for, or give the server a certificate for this one; sslmode=verify-ca does not look at names.',
      command: show,
    },
    {
      when: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET_ISSUER)\w+):/,
      sample: certificate('was issued by nobody who is trusted here'),
      hint:
        ssl.rootCert === null || ssl.rootCert === 'system'
          ? name
          : `The file in sslrootcert, ${ssl.rootCert}, does not hold the certificate of its issuer: get the right one from whoever runs the server.`,
      command: show,
    },
    {
      when: /^(ERR_OSSL|EPROTO|CERT_)|SSL|TLS|certificate/i,
      sample: [message],
      hint: 'Check sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL.',
      command: show,
    },
  ];
}

/** What the certificate says that the server shows, a line each; empty when it shows none. Trusts nothing in it. */
async function certificateFacts(target: PostgresqlTarget): Promise<readonly string[]> {
  const { answer, socket } = await askForTls(target);
  try {
    const certificate = answer === 'S' ? await peerCertificate(socket, target) : null;
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

/** SQLSTATE: PostgreSQL manual, appendix A; the texts are those of `src/backend/libpq` and of PgBouncer. */
function authenticationAdvice(target: PostgresqlTarget): readonly Advice[] {
  const { database } = target;
  const user = loginName(target);
  return [
    {
      when: /^53300:/,
      hint: 'The server has no connection left for this user: close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more with max_connections or CONNECTION LIMIT.',
      command: 'SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC;',
    },
    {
      when: /^28000:.*(no pg_hba\.conf entry|pg_hba\.conf rejects)/s,
      hint: `The server’s pg_hba.conf has no line that lets ${user} into ${database} from this address: add one, such as \`hostssl ${database} ${user} <address>/32 scram-sha-256\`, and let the server read it.`,
      command: 'SELECT pg_reload_conf();',
    },
    {
      when: /role ".*" does not exist|no such user/,
      hint: `There is no user ${user} on this server: correct DATABASE_URL, or let an administrator of the server make it, with CREATE ROLE ${q(user)} LOGIN PASSWORD and a password.`,
    },
    {
      when: /is not permitted to log in/,
      hint: `The role ${user} is not one to log in with: allow it, or use another.`,
      command: `ALTER ROLE ${q(user)} LOGIN;`,
    },
    {
      // Without one an empty one is sent.
      when: target.password === null ? /^28P01:|SASL|empty password/ : /fe_sendauth|empty password/,
      hint: 'The server wants a password, and DATABASE_URL has none. Put it in (percent-encoded), or the whole URL into a file that DATABASE_URL_FILE or --database-url-file names.',
    },
    {
      when: /^28|SASL|authentication failed/i,
      hint: `The password is wrong, or there is no user ${user}: PostgreSQL does not tell which. In DATABASE_URL special characters are percent-encoded (@ is %40, / is %2F, % is %25). Correct it there. If the user is there, an administrator of the server sets a new password with ALTER ROLE ${q(user)} PASSWORD and the password; if not, he makes it with CREATE ROLE ${q(user)} LOGIN PASSWORD and one.`,
    },
  ];
}

function databaseFindings(refusal: LoginRefusal, target: PostgresqlTarget): Findings {
  const name = q(target.database);
  const user = q(loginName(target));
  const advice: readonly Advice[] = [
    {
      when: /^3D000:|no such database/,
      hint: 'There is no such database on this server: correct its name in DATABASE_URL, or let an administrator of the server make it. An empty one becomes a v0.7.0 database by mcpgw migrate.',
      command: `CREATE DATABASE ${name} OWNER ${user} ENCODING 'UTF8' TEMPLATE template0;`,
    },
    {
      when: /^42501:/,
      hint: 'The user lacks the privilege CONNECT.',
      command: `GRANT CONNECT ON DATABASE ${name} TO ${user};`,
    },
    {
      when: /^55000:/,
      hint: 'The database is closed for everybody: open it, or use another.',
      command: `ALTER DATABASE ${name} ALLOW_CONNECTIONS true;`,
    },
    {
      when: /^57P03:.*(recovery|not accepting|hot standby)/is,
      hint: 'The server recovers, or is a replica that takes no connections: wait for it, or point DATABASE_URL at the primary.',
      command: 'mcpgw status --wait 60',
    },
    {
      when: /^57P03:/,
      hint: 'The server is starting or shutting down: wait for it. mcpgw migrate --wait 60 does.',
      command: 'mcpgw status --wait 60',
    },
    {
      when: /^/,
      hint: refusal.error?.hint || 'Look at the server’s log for what it makes of this connection.',
    },
  ];
  const found = adviceOn(advice, refusal) ?? { count: 1, sample: [refusal.message] };
  return { ...found, sample: [...found.sample, refusal.detail].filter((line) => line !== '') };
}
