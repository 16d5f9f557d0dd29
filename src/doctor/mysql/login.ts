import { perContext } from '../../checks/per-context.ts';
import type { Connection } from '../../database/connection.ts';
import type { Server } from '../../database/dialect.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { grantScope } from '../../database/mysql/privileges.ts';
import { mysqlLocation, placeOf } from '../../database/server-location.ts';
import { withDatabase } from '../../database/with-database.ts';
import { type Command, mcpgw, shell, sqlCommand } from '../../report/advice.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import { causeOf, type Help, type Login, loginName, passwordHint, refusedBy } from '../server/login.ts';

export const mysqlLogin = perContext(async (context: TargetContext<MysqlTarget>): Promise<Login> => {
  const { target } = context;
  const { ssl, user } = target;
  const asked = `DATABASE_URL asks for ${ssl.mode}${ssl.ca === null ? '' : `, with the authorities in ${ssl.ca}`}`;
  const first = await attempt((use) => context.connect('read', use));
  if ('server' in first) return { server: first.server, refused: null, tls: [asked] };
  const refused = refusalOf(first.error, target);
  if (!(await onlyWantsTls(first.error, target))) {
    const sample = [...refused.findings.sample, ...(refused.gate === 'tls' ? [asked] : [])];
    return { server: null, refused: { ...refused, findings: { ...refused.findings, sample } }, tls: [] };
  }
  // The server says this in the words of a wrong password.
  const findings = {
    count: 1,
    sample: [`the server lets ${user ?? 'this user'} in with TLS only, and ${asked}`],
    hint: 'Add ssl=true to DATABASE_URL, or ssl_ca with the server’s authority, which also makes sure that it is the right server.',
    command: withTls(target),
  };
  return { server: null, refused: { gate: 'tls', findings }, tls: [] };
});

const ACCESS_DENIED = 1045;

/** Whether the same user and password are let in over TLS. */
async function onlyWantsTls(error: unknown, target: MysqlTarget): Promise<boolean> {
  if (causeOf(error).code !== ACCESS_DENIED || target.ssl.mode !== 'disabled') return false;
  const secured: MysqlTarget = { ...target, ssl: { ...target.ssl, mode: 'required' } };
  const options = { access: 'read', retries: 0, retryIntervalMs: 0 } as const;
  const second = await attempt((use) => withDatabase(secured, options, use));
  return 'server' in second || ['database', 'version'].includes(refusalOf(second.error, target).gate);
}

type Use = (db: Connection) => Promise<Server>;

async function attempt(
  connect: (use: Use) => Promise<Server>,
): Promise<{ readonly server: Server } | { readonly error: unknown }> {
  try {
    return { server: await connect(async ({ dialect }) => dialect.server) };
  } catch (error) {
    return { error };
  }
}

function withTls({ maskedUrl }: MysqlTarget): Command {
  return mcpgw('doctor', '--database-url', `${maskedUrl}${maskedUrl.includes('?') ? '&' : '?'}ssl=true`);
}

/** The finding for a refusal. Numbers: MySQL and MariaDB manuals, error codes. Codes: of mysql2, and ours. */
export function refusalOf(error: unknown, target: MysqlTarget): NonNullable<Login['refused']> {
  const { host, port, socketPath, user, database } = target;
  const { message } = causeOf(error);
  const account = `'${loginName(target)}'@'%'`;
  // Access denied for user 'name'@'host' to database 'name': the account as the server knows it.
  const known = /'[^']*'@'[^']*'/.exec(message)?.[0] ?? account;
  const all = (to: string) => `GRANT ALL PRIVILEGES ON ${grantScope(database)} TO ${to};`;
  // Logs in with the family's own client, which asks for the password.
  const place = socketPath === null ? `--host=${host} --port=${port}` : `--socket=${socketPath}`;
  const login = shell(`mysql ${place}${user === null ? '' : ` --user=${user}`} --password ${database}`);
  const seeing = 'An administrator sees with SELECT user, host FROM mysql.user from where the user may come.';
  const certificate = shell(`openssl s_client -starttls mysql -connect ${host}:${port} -showcerts`);
  const nobody = shell(
    socketPath === null ? `nc ${host} ${port} </dev/null | head -c 80` : `ls -l ${socketPath}`,
  );
  const help: readonly Help[] = [
    [/^SERVER_VERSION:/, 'version'],
    // Of what the URL names, only the files for TLS are read while connecting.
    [/^URL:/, 'tls'],
    [/^(1045|1698):/, 'authentication', login, passwordHint(target.password, seeing)],
    [/^1130:/, 'authentication', sqlCommand(all(account))],
    [/^1129:/, 'authentication', sqlCommand('TRUNCATE TABLE performance_schema.host_cache;')],
    [
      /^(1040|1203|1226):/,
      'authentication',
      sqlCommand('SELECT user, count(*) FROM information_schema.processlist GROUP BY user ORDER BY 2 DESC;'),
    ],
    [/^(3118|4151):/, 'authentication', sqlCommand(`ALTER USER ${account} ACCOUNT UNLOCK;`)],
    [/^(1251|1524|1820|1862|2059):/, 'authentication'],
    [/^(AUTH_SWITCH_PLUGIN_ERROR|MYSQL_CLEAR_PASSWORD_NOT_ENABLED):/, 'authentication'],
    [/^1047:/, 'authentication', sqlCommand("SHOW STATUS LIKE 'wsrep_%';")],
    [/^1049:/, 'database', sqlCommand(`CREATE DATABASE ${quoteMysql(database)} CHARACTER SET utf8mb4;`)],
    [/^1044:/, 'database', sqlCommand(all(known))],
    [/^3159:/, 'tls', withTls(target)],
    [/^HANDSHAKE_NO_SSL_SUPPORT:/, 'tls', shell('mysql --execute="SHOW VARIABLES LIKE \'%ssl%\'"')],
    [/^(HANDSHAKE_|ERR_(OSSL|SSL|TLS)_|EPROTO:)/, 'tls', certificate],
    [/^\d+:/, 'authentication', login, 'The server answered with an error of its own: its log says more.'],
    [
      /^/,
      'protocol',
      nobody,
      'Another service listens on this port, a proxy in between has no server behind it, or the server is still starting: correct host and port in DATABASE_URL, or wait.',
    ],
  ];
  const refused = refusedBy(help, error, 'protocol');
  if (refused.gate !== 'protocol') return refused;
  const where = placeOf(mysqlLocation(target));
  const sample = refused.findings.sample.map((line) =>
    `${line}`.startsWith(where) ? line : `${where}: ${line}`,
  );
  return { ...refused, findings: { ...refused.findings, sample } };
}
