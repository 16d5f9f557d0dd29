import { type Findings, found } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { askForTls } from '../../database/postgresql/ask-for-tls.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { placeOf, postgresqlLocation } from '../../database/server-location.ts';
import { statOrNothing } from '../../files/stat-or-nothing.ts';
import { mcpgw, shell, sqlCommand } from '../../report/advice.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import {
  causeOf,
  type Gate,
  type Help,
  type Login,
  loginName,
  passwordHint,
  refusedBy,
} from '../server/login.ts';

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
    const unusable = isSocket ? null : openKey(target);
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
      const wantsTls =
        !isSocket && answer === 'S' && mode === 'disable' && TLS_ONLY.test(causeOf(error).message);
      if (wantsTls) return refusedAt('tls', tlsDemanded(target));
      const refused = refusedBy(helpFor(target), error, 'database');
      const { detail = '' } = ((error as Error).cause ?? {}) as { detail?: string };
      const sample = [...refused.findings.sample, ...(detail === '' ? [] : [detail])];
      return refusedAt(refused.gate, { ...refused.findings, sample });
    }
  },
);

const OTHER_ANSWERS = {
  silent: 'takes the connection, and says nothing',
  closed: 'takes the connection, and hangs up',
  other: 'answers, but not as PostgreSQL does',
} as const;

function otherProtocol(target: PostgresqlTarget, answer: keyof typeof OTHER_ANSWERS): Findings {
  return found([`${placeOf(postgresqlLocation(target))}: ${OTHER_ANSWERS[answer]}`], {
    hint:
      answer === 'other'
        ? 'Correct the port in DATABASE_URL: another service listens there.'
        : 'The server hangs, is shutting down, or something in between (firewall, load balancer, proxy, forwarded port) swallows what is said: look at the server’s log, or correct host and port in DATABASE_URL.',
    command: shell(`pg_isready --host=${target.host} --port=${target.port}`),
  });
}

/** libpq, which the gateway uses, refuses a key that others may read: 0600, or 0640 when it belongs to root. */
function openKey({ ssl: { key } }: PostgresqlTarget): Findings | null {
  const stats = key === null ? undefined : statOrNothing(key);
  if (stats === undefined || process.platform === 'win32') return null;
  if ((stats.mode & 0o777 & ~(stats.uid === 0 ? 0o640 : 0o600)) === 0) return null;
  return found([`sslkey: ${key} can be read by others, and the gateway’s driver refuses it`], {
    hint: 'Correct the files that DATABASE_URL names.',
    command: shell(`chmod 600 ${key}`),
  });
}

const notOffered = ({ ssl, maskedUrl }: PostgresqlTarget): Findings =>
  found([`sslmode=${ssl.mode} asks for TLS, and the server speaks none`], {
    hint: `Give the server a certificate and turn TLS on, or, where everything between here and the server is trusted, ask for it only where it is offered: sslmode=prefer in DATABASE_URL (${maskedUrl}).`,
    command: sqlCommand('ALTER SYSTEM SET ssl = on;', 'SELECT pg_reload_conf();'),
  });

/** pg_hba.conf has a line for this user, but only with TLS; PostgreSQL 13 says `SSL off`, PgBouncer `SSL required`. */
const TLS_ONLY = /no pg_hba\.conf entry .*(no encryption|SSL off)|SSL required/is;

function tlsDemanded({ ssl, maskedUrl }: PostgresqlTarget): Findings {
  const [address = '', query = ''] = maskedUrl.split('?');
  const others = query.split('&').filter((each) => each !== '' && !/^ssl(mode)?=/.test(each));
  return found(
    [`The server takes no connection without TLS from this user and address; sslmode=${ssl.mode}`],
    {
      hint: 'Ask for TLS in DATABASE_URL: sslmode=require, or better verify-full with sslrootcert. When it is refused then, too, pg_hba.conf has no line for this user at all.',
      command: mcpgw('doctor', '--database-url', `${address}?${[...others, 'sslmode=require'].join('&')}`),
    },
  );
}

/** SQLSTATE: PostgreSQL manual, appendix A; the texts are those of `src/backend/libpq` and of PgBouncer. */
function helpFor(target: PostgresqlTarget): readonly Help[] {
  const { host, port, database, password } = target;
  const user = loginName(target);
  const [role, name] = [q(user), q(database)];
  const makes = `An administrator of the server sets a new password with ALTER ROLE ${role} PASSWORD and the password, or makes the user with CREATE ROLE ${role} LOGIN PASSWORD and one.`;
  const wrong = passwordHint(password, makes);
  const certificate = `openssl s_client -starttls postgres -connect ${host}:${port} -showcerts </dev/null`;
  return [
    [/^SERVER_VERSION:/, 'version'],
    // Of what the URL names, only the files for TLS are read while connecting.
    [/^URL:/, 'tls'],
    [
      /^28000:.*valid client certificate/s,
      'tls',
      undefined,
      'The server logs this user in by a certificate only: name it and its key with sslcert and sslkey in DATABASE_URL.',
    ],
    [
      /^53300:/,
      'authentication',
      sqlCommand('SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC;'),
    ],
    [
      /^28000:.*(no pg_hba\.conf entry|pg_hba\.conf rejects)/s,
      'authentication',
      sqlCommand('SELECT pg_reload_conf();'),
      `The server’s pg_hba.conf has no line that lets ${user} into ${database} from this address: add one, such as \`hostssl ${database} ${user} <address>/32 scram-sha-256\`, and let the server read it.`,
    ],
    [
      /role ".*" does not exist|no such user/,
      'authentication',
      undefined,
      `There is no user ${user} on this server: correct DATABASE_URL. ${makes}`,
    ],
    [
      /is not permitted to log in/,
      'authentication',
      sqlCommand(`ALTER ROLE ${role} LOGIN;`),
      `The role ${user} is not one to log in with: allow it, or use another.`,
    ],
    // Without a password an empty one is sent.
    [/fe_sendauth|empty password/, 'authentication', undefined, passwordHint(null, '')],
    [/^28|SASL|authentication failed/i, 'authentication', undefined, wrong],
    [
      /^3D000:|no such database/,
      'database',
      sqlCommand(`CREATE DATABASE ${name} OWNER ${role} ENCODING 'UTF8' TEMPLATE template0;`),
    ],
    [
      /^42501:/,
      'database',
      sqlCommand(`GRANT CONNECT ON DATABASE ${name} TO ${role};`),
      'The user lacks the privilege CONNECT.',
    ],
    [
      /^55000:/,
      'database',
      sqlCommand(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true;`),
      'The database is closed for everybody: open it, or use another.',
    ],
    [/^57P03:/, 'database', mcpgw('status', '--wait', '60')],
    [/^(?!\w{5}:).*(SSL|TLS|CERT)|root certificate/i, 'tls', shell(certificate)],
  ];
}
