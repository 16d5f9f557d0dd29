import { GatewayError } from '../../errors.ts';
import { certificateHint } from '../certificate-hint.ts';
import { connectFailure, inWords, type Words } from '../said-by-server.ts';

interface MysqlError {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlMessage?: string;
}

/** By error number (MySQL manual, "Server Error Message Reference"); MariaDB shares them. */
const WORDS: readonly Words[] = [
  [
    '1045 1698',
    'AUTHENTICATION',
    'The MySQL server refused the user or the password of DATABASE_URL',
    'Check user and password (percent-encode special characters) and from which hosts the user may connect.',
  ],
  [
    '1130',
    'AUTHENTICATION',
    'The MySQL server refused this machine:',
    'No account may come from it: an administrator makes one for its address (CREATE USER … IDENTIFIED BY …) and lets it in.',
  ],
  [
    '1251 1524 2059',
    'AUTHENTICATION',
    'The MySQL server logs this user in by a way that mcpgw does not speak:',
    'Give the account caching_sha2_password (MySQL) or mysql_native_password (MariaDB): ALTER USER … IDENTIFIED WITH … BY and its password.',
  ],
  [
    // Expired, or locked.
    '1820 1862 3118 4151',
    'AUTHENTICATION',
    'The MySQL server does not let this user in:',
    'An administrator of the server sets a new password (ALTER USER … IDENTIFIED BY …) or unlocks the account (ALTER USER … ACCOUNT UNLOCK).',
  ],
  [
    '3159',
    'UNREACHABLE',
    'No secure connection to the MySQL server:',
    'The server takes connections with TLS only: add ssl=true, or ssl_ca, to DATABASE_URL.',
  ],
  [
    '1049',
    'NO_DATABASE',
    'The database named in DATABASE_URL does not exist on this server',
    'Check its name, or create it first (CREATE DATABASE … CHARACTER SET utf8mb4). mcpgw creates no MySQL databases.',
  ],
  [
    '1044 1142 1143 1227 1370',
    'PERMISSION',
    'The MySQL server does not allow this user to do that:',
    'Grant this user all privileges on the gateway’s database: GRANT ALL ON <database>.* TO <user>;',
  ],
  [
    '1290 1792 1836',
    'READ_ONLY',
    'The MySQL server is read-only:',
    'Point DATABASE_URL at the primary server.',
  ],
  [
    '1412',
    'BUSY',
    'The tables were changed while they were read',
    'Another run is at work, most likely: run the command again when it is done.',
  ],
  [
    '1205',
    'BUSY',
    'A table is locked by another connection:',
    'Stop the gateway or end the long transaction (one that was prepared shows with XA RECOVER), then run the command again: it goes on where it stopped.',
  ],
  [
    '1213',
    'BUSY',
    'The MySQL server ended a deadlock with another connection:',
    'Stop the gateway, then run the command again: it goes on where it stopped.',
  ],
  [
    '1317 1969 3024',
    'FAILED',
    'A statement was cancelled on the server:',
    'Somebody cancelled it (KILL QUERY), or a limit of time did that the server or a proxy keeps.',
  ],
  [
    '1021 1114 3675',
    'DISK_FULL',
    'The disk of the MySQL server is full:',
    'Make room and run the command again: it goes on where it stopped.',
  ],
  [
    // Killed, shutting down, gone, idle for too long.
    '1053 1927 2006 2013 3169 4031',
    'UNREACHABLE',
    'The MySQL server ended this session:',
    'Somebody ended it (KILL), it said nothing for longer than wait_timeout, or the server stops. Run the command again when the server is back.',
  ],
  [
    '1184',
    'UNREACHABLE',
    'The MySQL server lets nobody in, since its init_connect fails:',
    "Correct init_connect on the server, which the gateway meets as well: SHOW GLOBAL VARIABLES LIKE 'init_connect';",
  ],
  [
    '1047',
    'UNREACHABLE',
    'The node of the cluster is not ready:',
    'Point DATABASE_URL at a node that belongs to the cluster’s majority, or wait for it: --wait 60',
  ],
  [
    '1129',
    'UNREACHABLE',
    'The MySQL server shuts this machine out:',
    'Too many connections from here broke off (max_connect_errors). An administrator lets it in again; on MariaDB with FLUSH HOSTS.',
  ],
  [
    '1040 1203 1226',
    'UNREACHABLE',
    'The MySQL server takes no connections now:',
    'There is no connection left for this user. Wait (--wait 60), close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more (max_connections, MAX_USER_CONNECTIONS).',
  ],
];

/** A statement that the server cannot read is ours: the site's triggers were read when they were made. */
const OURS = 1064;

/** Errors of files, whose reason, the operating system's own number, stands in the text only. */
const OF_FILES: ReadonlySet<number> = new Set([3, 20, 1005, 1026, 1030]);
const FULL = /\b(?:errno|errcode|error):? 28\b/i;

/** What mysql2 says when the server hung up without a word. */
const HUNG_UP = /^PROTOCOL_(CONNECTION_LOST|SEQUENCE_TIMEOUT)$/;

export function translateMysqlError(error: unknown): GatewayError | null {
  if (!(error instanceof Error)) return null;
  const { code = '', message, errno = 0, sqlMessage = message } = error as Error & MysqlError;
  const failure = connectFailure('The MySQL server', error);
  if (failure !== null) return failure;
  if (HUNG_UP.test(code) || /closed state/.test(message)) {
    const what = `The MySQL server does not answer (${code || 'connection lost'}).`;
    return new GatewayError('UNREACHABLE', what, {
      hint: 'Check host and port in DATABASE_URL and that the server runs. For one that is still starting: --wait 60. A session that was there was ended: by KILL, by wait_timeout, or with the server.',
      cause: error,
    });
  }
  // The system's own numbers are negative.
  const ofServer = errno > 0;
  if (
    code === 'HANDSHAKE_NO_SSL_SUPPORT' ||
    (!ofServer && /certificate|SSL|self-signed/i.test(code + message))
  ) {
    return new GatewayError('UNREACHABLE', `No secure connection to the MySQL server: ${sqlMessage}.`, {
      hint: certificateHint(message, { ca: 'ssl_ca', names: 'ssl_check_hostname=false' }),
      cause: error,
    });
  }
  if (!ofServer || errno === OURS) return null;
  const known = OF_FILES.has(errno) && FULL.test(message) ? 1021 : errno;
  return inWords(WORDS, { product: 'The MySQL server', code: `${known}`, text: sqlMessage, error });
}
