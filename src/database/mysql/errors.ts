import { GatewayError } from '../../errors.ts';
import { connectFailure } from '../connect-failure.ts';

interface MysqlError {
  readonly errno?: number;
  readonly sqlMessage?: string;
}

const DISK_FULL = 1021;

/** Error numbers: MySQL manual, "Server Error Message Reference"; MariaDB shares them. */
export function translateMysqlError(error: unknown): GatewayError | null {
  if (!(error instanceof Error)) return null;
  const {
    code = '',
    message,
    errno = 0,
    sqlMessage = message,
  } = error as Error & MysqlError & { code?: string };
  const failure = connectFailure('The MySQL server', error);
  if (failure !== null) return failure;
  if (/^PROTOCOL_(CONNECTION_LOST|SEQUENCE_TIMEOUT)$/.test(code) || /closed state/.test(message)) {
    return new GatewayError(
      'UNREACHABLE',
      `The MySQL server does not answer (${code || 'connection lost'}).`,
      {
        hint: 'Check host and port in DATABASE_URL and that the server runs. For one that is still starting: --wait 60',
        cause: error,
      },
    );
  }
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT' || /certificate|SSL|self-signed/i.test(code + message)) {
    return new GatewayError('UNREACHABLE', `No secure connection to the MySQL server: ${sqlMessage}.`, {
      hint: 'Check ssl_ca and the other ssl_ parameters in DATABASE_URL.',
      cause: error,
    });
  }
  // The operating system's own number stands in the text only.
  const isFull =
    [3, 20, 1005, 1026, 1030].includes(errno) && /\b(?:errno|errcode|error):? 28\b/i.test(message);
  switch (isFull ? DISK_FULL : errno) {
    case 1045:
    case 1130:
    case 1251:
    case 1698:
    case 2059:
      return new GatewayError(
        'AUTHENTICATION',
        'The MySQL server refused the user or the password of DATABASE_URL.',
        {
          hint: 'Check user and password (percent-encode special characters) and from which hosts the user may connect.',
          cause: error,
        },
      );
    // Expired, or locked.
    case 1820:
    case 1862:
    case 3118:
    case 4151:
      return new GatewayError(
        'AUTHENTICATION',
        `The MySQL server does not let this user in: ${sqlMessage}.`,
        {
          hint: 'An administrator of the server sets a new password (ALTER USER … IDENTIFIED BY …) or unlocks the account (ALTER USER … ACCOUNT UNLOCK).',
          cause: error,
        },
      );
    case 3159:
      return new GatewayError('UNREACHABLE', `No secure connection to the MySQL server: ${sqlMessage}.`, {
        hint: 'The server takes connections with TLS only: add ssl=true, or ssl_ca, to DATABASE_URL.',
        cause: error,
      });
    case 1049:
      return new GatewayError(
        'NO_DATABASE',
        'The database named in DATABASE_URL does not exist on this server.',
        {
          hint: 'Check its name, or create it first (CREATE DATABASE … CHARACTER SET utf8mb4). mcpgw creates no MySQL databases.',
          cause: error,
        },
      );
    case 1044:
    case 1142:
    case 1143:
    case 1227:
    case 1370:
      return new GatewayError(
        'PERMISSION',
        `The MySQL server does not allow this user to do that: ${sqlMessage}.`,
        {
          hint: 'Grant this user all privileges on the gateway’s database: GRANT ALL ON <database>.* TO <user>;',
          cause: error,
        },
      );
    case 1290:
    case 1792:
    case 1836:
      return new GatewayError('READ_ONLY', `The MySQL server is read-only: ${sqlMessage}.`, {
        hint: 'Point DATABASE_URL at the primary server.',
        cause: error,
      });
    case 1412:
      return new GatewayError('BUSY', 'The tables were changed while they were read.', {
        hint: 'Another run is at work, most likely: run the command again when it is done.',
        cause: error,
      });
    case 1205:
    case 1969:
    case 3024:
      return new GatewayError('BUSY', `A table is locked by another connection: ${sqlMessage}.`, {
        hint: 'Stop the gateway or end the long transaction, then run the command again: it goes on where it stopped.',
        cause: error,
      });
    case DISK_FULL:
    case 1114:
    case 3675:
      return new GatewayError('DISK_FULL', `The disk of the MySQL server is full: ${sqlMessage}.`, {
        hint: 'Make room and run the command again: it goes on where it stopped.',
        cause: error,
      });
    // Killed, shutting down, gone.
    case 1053:
    case 1927:
    case 2006:
    case 2013:
    case 4031:
      return new GatewayError('UNREACHABLE', `The MySQL server ended the connection: ${sqlMessage}.`, {
        hint: 'Run the command again when the server is back.',
        cause: error,
      });
    case 1047:
      return new GatewayError('UNREACHABLE', `The node of the cluster is not ready: ${sqlMessage}.`, {
        hint: 'Point DATABASE_URL at a node that belongs to the cluster’s majority, or wait for it: --wait 60',
        cause: error,
      });
    case 1040:
    case 1129:
    case 1203:
    case 1226:
      return new GatewayError('UNREACHABLE', `The MySQL server takes no connections now: ${sqlMessage}.`, {
        hint: 'Wait for it (--wait 60), or free connections.',
        cause: error,
      });
    default:
      return null;
  }
}
