import type { Findings } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import type { Server } from '../../database/dialect.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { mysqlLocation } from '../../database/mysql/location.ts';
import { grantScope } from '../../database/mysql/privileges.ts';
import { placeOf } from '../../database/server-location.ts';
import { withDatabase } from '../../database/with-database.ts';
import { errorText, GatewayError } from '../../errors.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import { type Advice, adviceOn, type Gate, type Login, loginName, type Refusal } from '../server/login.ts';

export const MYSQL_GATES = {
  protocol: {
    title: 'What answers is MySQL or MariaDB',
    hint: 'Something takes connections there, but does not answer as MySQL and MariaDB do.',
  },
  tls: {
    title: 'TLS is as DATABASE_URL asks for it',
    hint: 'The connection to the server cannot be secured, or must be and is not.',
  },
  authentication: {
    title: 'The server lets this user in',
    hint: 'The server answers, and does not let the user of DATABASE_URL in.',
  },
  database: {
    title: 'The database is there and may be used',
    hint: 'The server lets the user in, but not into the database that DATABASE_URL names.',
  },
  version: {
    title: 'The server is recent enough',
    hint: 'The schema of v0.7.0 needs MariaDB 10.6 or MySQL 8.0.13, or later: checks, indexes on expressions, and columns that are added at once.',
  },
} as const;

const ACCESS_DENIED = 1045;
/** Ours: a server says this in the words of a wrong password. */
const NEEDS_TLS = 'NEEDS_TLS';

export const mysqlLogin = perContext(async (context: TargetContext<MysqlTarget>): Promise<Login> => {
  const { target } = context;
  const tls = [`DATABASE_URL asks for: ${target.ssl.mode}`];
  const first = await attempt((use) => context.connect('read', use));
  if (!('refusal' in first)) return { server: first, refused: null, tls };
  const refusal = (await onlyWantsTls(first.refusal, target))
    ? { ...first.refusal, gate: 'tls' as const, code: NEEDS_TLS }
    : first.refusal;
  return { server: null, refused: { gate: refusal.gate, findings: refusalFindings(refusal, target) }, tls };
});

/** Whether the same user and password are let in over TLS. */
async function onlyWantsTls({ code }: GateRefusal, target: MysqlTarget): Promise<boolean> {
  if (code !== ACCESS_DENIED || target.ssl.mode !== 'disabled') return false;
  const secured: MysqlTarget = { ...target, ssl: { ...target.ssl, mode: 'required' } };
  const second = await attempt((use) =>
    withDatabase(secured, { access: 'read', retries: 0, retryIntervalMs: 0 }, use),
  );
  return !('refusal' in second) || ['database', 'version'].includes(second.refusal.gate);
}

type Use = (db: Connection) => Promise<Server>;

async function attempt(
  connect: (use: Use) => Promise<Server>,
): Promise<Server | { readonly refusal: GateRefusal }> {
  try {
    return await connect(async ({ dialect }) => dialect.server);
  } catch (error) {
    return { refusal: refusalOf(error) };
  }
}

export interface GateRefusal extends Refusal {
  readonly gate: Gate;
}

/** Server Error Message Reference: transport must be secure; no such database, not yours. */
const GATES: Readonly<Record<number, Gate>> = { 3159: 'tls', 1044: 'database', 1049: 'database' };
/** Codes of mysql2 and of TLS; with any other nothing came that the driver could read. */
const TLS_CODES = /^(HANDSHAKE_|ERR_(OSSL|SSL|TLS)_|EPROTO$)/;
const LOGIN_CODES = /^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED)$/;

/** Sorts what an attempt to log in ended in. */
export function refusalOf(error: unknown): GateRefusal {
  if (error instanceof GatewayError) {
    const { code, message } = error;
    if (code === 'SERVER_VERSION') return { gate: 'version', code, message };
    // Of what the URL names, only the files for TLS are read while connecting.
    if (code === 'URL') return { gate: 'tls', code, message };
    if (code === 'NOT_A_DATABASE') return { gate: 'protocol', code: '', message };
  }
  const cause = error instanceof GatewayError && error.cause instanceof Error ? error.cause : error;
  const { errno, code = '', sqlMessage } = cause as { errno?: number; code?: string; sqlMessage?: string };
  const message = sqlMessage ?? errorText(cause);
  // The system's own numbers are negative.
  if (errno !== undefined && errno > 0) {
    return { gate: GATES[errno] ?? 'authentication', code: errno, message };
  }
  const gate = TLS_CODES.test(code) ? 'tls' : LOGIN_CODES.test(code) ? 'authentication' : 'protocol';
  return { gate, code, message };
}

/** What OpenSSL says of a certificate; the driver leaves nothing but its words. */
const CERTIFICATES: readonly Advice[] = [
  {
    when: /self-signed|issuer|first certificate|unable to verify/i,
    hint: 'The certificate comes from an authority that is not trusted here: name the file of that authority (the server’s ca.pem) as ssl_ca in DATABASE_URL.',
  },
  {
    when: /expired/i,
    hint: 'The certificate of the server has expired: renew it on the server, and look at the clocks of both.',
  },
  {
    when: /not yet valid/i,
    hint: 'The certificate of the server is not valid yet: look at the clocks of both machines.',
  },
  {
    when: /altnames|hostname/i,
    hint: 'The certificate is for another name: connect under a name that it has, or check the authority only, with ssl_check_hostname=false.',
  },
  {
    when: /alert (protocol version|handshake failure)|unsupported protocol|no shared cipher/i,
    hint: 'The two have no version or cipher of TLS in common: let the server offer TLS 1.2 or later (tls_version).',
  },
  {
    when: /key values mismatch|PEM routines|no start line/i,
    hint: 'The files of ssl_cert and ssl_key do not belong together, or are no PEM files: correct them in DATABASE_URL.',
  },
  {
    when: /alert|certificate required/i,
    hint: 'The server refuses the client’s certificate: look at ssl_cert and ssl_key in DATABASE_URL.',
  },
  { when: /^/ },
];

/** The finding for a refusal. Numbers: MySQL and MariaDB manuals, error codes. */
export function refusalFindings(refusal: GateRefusal, target: MysqlTarget): Findings {
  const advice = adviceAt[refusal.gate](target, refusal);
  return adviceOn(advice, refusal) ?? { count: 1, sample: [refusal.message] };
}

const adviceAt: Readonly<Record<Gate, (target: MysqlTarget, refusal: GateRefusal) => readonly Advice[]>> = {
  protocol(target, { code, message }) {
    const { host, port, socketPath } = target;
    const where = placeOf(mysqlLocation(target));
    // The driver has the code among its words as a rule.
    const what = `${message}${message.includes(`${code}`) ? '' : ` (${code})`}`;
    return [
      {
        when: /^/,
        sample: [what.startsWith(where) ? what : `${where}: ${what}`],
        hint: 'Another service listens on this port, a proxy in between has no server behind it, or the server is still starting: correct host and port in DATABASE_URL, or wait.',
        command: socketPath === null ? `nc ${host} ${port} </dev/null | head -c 80` : `ls -l ${socketPath}`,
      },
    ];
  },
  tls(target, { message }) {
    const { maskedUrl, user, host, port } = target;
    const { mode, ca } = target.ssl;
    const secured = `mcpgw doctor --database-url '${maskedUrl}${maskedUrl.includes('?') ? '&' : '?'}ssl=true'`;
    const authorities = ca === null ? ' and names no ssl_ca' : `, with the authorities in ${ca}`;
    return [
      {
        when: /^NEEDS_TLS:/,
        sample: [
          `the server lets ${user ?? 'this user'} in with TLS only, and DATABASE_URL asks for none (${mode})`,
        ],
        hint: 'Add ssl=true to DATABASE_URL, or ssl_ca with the server’s authority, which also makes sure that it is the right server.',
        command: secured,
      },
      {
        when: /^3159:/,
        sample: [`${message} DATABASE_URL asks for no TLS (${mode})`],
        hint: 'The server takes connections with TLS only (require_secure_transport): add ssl=true or ssl_ca to DATABASE_URL.',
        command: secured,
      },
      {
        when: /^HANDSHAKE_NO_SSL_SUPPORT:/,
        sample: [`DATABASE_URL asks for TLS (${mode}), and the server offers none`],
        hint: 'Give the server a certificate (ssl_ca, ssl_cert and ssl_key in its my.cnf), or, on a network that you trust, take the ssl parameters out of DATABASE_URL.',
        command: 'mysql --execute="SHOW VARIABLES LIKE \'%ssl%\'"',
      },
      {
        when: /^URL:/,
        sample: [message],
        hint: 'Correct the path in DATABASE_URL, or let this user read the file.',
      },
      ...CERTIFICATES.map((each) => ({
        ...each,
        sample: [
          message.replaceAll(/\s+/g, ' ').slice(0, 200),
          `DATABASE_URL asks for ${mode}${authorities}`,
        ],
        command: `openssl s_client -starttls mysql -connect ${host}:${port} -showcerts`,
      })),
    ];
  },
  authentication(target) {
    const account = `'${loginName(target)}'@'%'`;
    return [
      {
        when: /^(1045|1698):/,
        hint:
          target.password === null
            ? 'DATABASE_URL has no password. Put it in, percent-encoded, or the whole URL into a file: DATABASE_URL_FILE.'
            : 'The password is wrong, or there is no such user for connections from this machine. Percent-encode special characters of the password in DATABASE_URL; an administrator sees with SELECT user, host FROM mysql.user from where the user may come.',
        command: loginCommand(target),
      },
      {
        when: /^1130:/,
        hint: `No account may come from this machine: an administrator makes one for its address with CREATE USER ${account} IDENTIFIED BY and a password, and lets it in.`,
        command: `GRANT ALL PRIVILEGES ON ${grantScope(target.database)} TO ${account};`,
      },
      {
        when: /^1129:/,
        hint: 'Too many connections from this machine broke off, so that the server shuts it out (max_connect_errors). An administrator lets it in again; on MariaDB with FLUSH HOSTS.',
        command: 'TRUNCATE TABLE performance_schema.host_cache;',
      },
      {
        when: /^(1040|1203|1226):/,
        hint: 'The server has no connection left for this user: close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more with max_connections or MAX_USER_CONNECTIONS.',
        command: 'SELECT user, count(*) FROM information_schema.processlist GROUP BY user ORDER BY 2 DESC;',
      },
      {
        when: /^(1820|1862):/,
        hint: `The password has expired: an administrator sets a new one with ALTER USER ${account} IDENTIFIED BY and the password.`,
      },
      {
        when: /^(3118|4151):/,
        hint: 'The account is locked: an administrator unlocks it.',
        command: `ALTER USER ${account} ACCOUNT UNLOCK;`,
      },
      {
        when: /^(1251|1524|2059|AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED):/,
        hint: 'The account uses a way of logging in that this program does not speak: give it caching_sha2_password (MySQL) or mysql_native_password (MariaDB), with ALTER USER … IDENTIFIED WITH … BY and its password.',
      },
      {
        when: /^1047:/,
        hint: 'The node does not belong to the majority of its cluster, or has not caught up yet: use another node, or wait.',
        command: "SHOW STATUS LIKE 'wsrep_%';",
      },
      {
        when: /^/,
        hint: 'The server answered with an error of its own: its log says more.',
        command: loginCommand(target),
      },
    ];
  },
  database({ database, user }, { message }) {
    // Access denied for user 'name'@'host' to database 'name': the account as the server knows it.
    const account = /'[^']*'@'[^']*'/.exec(message)?.[0] ?? `'${user ?? ''}'@'%'`;
    return [
      {
        when: /^1049:/,
        hint: 'Correct its name in DATABASE_URL, or make it: mcpgw creates no MySQL databases.',
        command: `CREATE DATABASE ${quoteMysql(database)} CHARACTER SET utf8mb4;`,
      },
      {
        when: /^/,
        hint: 'The user has no grant on it, or it does not exist: a user without grants is not told which of the two.',
        command: `GRANT ALL PRIVILEGES ON ${grantScope(database)} TO ${account};`,
      },
    ];
  },
  version: (_, { message }) => [
    {
      when: /^/,
      sample: [message],
      hint: 'Upgrade the server as its manual says, and then run this again.',
    },
  ],
};

/** Logs in with the family's own client, which asks for the password. */
function loginCommand({ host, port, socketPath, user, database }: MysqlTarget): string {
  const where = socketPath === null ? `--host=${host} --port=${port}` : `--socket=${socketPath}`;
  return `mysql ${where}${user === null ? '' : ` --user=${user}`} --password ${database}`;
}
