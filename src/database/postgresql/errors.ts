import { GatewayError } from '../../errors.ts';
import { certificateHint } from '../certificate-hint.ts';
import { connectFailure, inWords, noting, saidByServer, type Words } from '../said-by-server.ts';
import { quotePostgresql as q } from './ddl.ts';

interface PostgresqlError {
  readonly code?: string;
  readonly severity?: string;
  /** Where in a function it was raised. */
  readonly where?: string;
  readonly detail?: string;
  /** The server's function that raised it. */
  readonly routine?: string;
}

/** By SQLSTATE (PostgreSQL manual, appendix A). */
const WORDS: readonly Words[] = [
  [
    '28P01 28000',
    'AUTHENTICATION',
    'PostgreSQL refused the user or the password of DATABASE_URL',
    'Check user and password (percent-encode special characters) and pg_hba.conf.',
  ],
  [
    '3D000',
    'NO_DATABASE',
    'The database named in DATABASE_URL does not exist on this server',
    'Check its name, or create it first (createdb). mcpgw creates no PostgreSQL databases.',
  ],
  [
    '42501',
    'PERMISSION',
    'PostgreSQL does not allow this user to do that:',
    'Run as the owner of the gateway’s tables, or grant what is missing. Nothing was changed.',
  ],
  [
    '25006',
    'READ_ONLY',
    'The PostgreSQL server is read-only (a replica, or default_transaction_read_only)',
    'Point DATABASE_URL at the primary server. Nothing was changed.',
  ],
  [
    '55P03',
    'BUSY',
    'A table is locked by another connection',
    'Stop the gateway or end the long transaction, then run the command again. Nothing was changed.',
  ],
  [
    '40P01',
    'BUSY',
    'PostgreSQL ended a deadlock with another connection:',
    'Stop the gateway, then run the command again. Nothing was changed.',
  ],
  [
    '40001',
    'BUSY',
    'PostgreSQL ended the transaction for the sake of another one:',
    'Stop the gateway, then run the command again. Nothing was changed.',
  ],
  [
    '57014',
    'FAILED',
    'A statement was cancelled on the server:',
    "The server says why. Where it names a timeout, the limit of the role or the database is too short for a first statement: ALTER ROLE … SET statement_timeout = '1min'. Where it names a user, somebody cancelled it (pg_cancel_backend), or a pooler did (query_timeout).",
  ],
  [
    '25P03 57P05 25P04',
    'UNREACHABLE',
    'PostgreSQL ended this session, which had said nothing for too long:',
    'The program was stopped for a while, or the network was. Run the command again. Nothing was changed.',
  ],
  [
    '57P01 57P02',
    'UNREACHABLE',
    'PostgreSQL ended this session:',
    'Somebody ended it (pg_terminate_backend), or the server stops. Nothing was changed. Run the command again when the server is back.',
  ],
  [
    '53100',
    'DISK_FULL',
    'The disk of the PostgreSQL server is full',
    'Make room and run the command again. Nothing was changed.',
  ],
  [
    '53200 53400 54000',
    'FAILED',
    'PostgreSQL has reached a limit of its own:',
    'Give the server more of what it names (memory, max_locks_per_transaction).',
  ],
  [
    '53300',
    'UNREACHABLE',
    'PostgreSQL takes no connections now:',
    'There is no connection left for this user. Wait (--wait 60), close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more (max_connections, CONNECTION LIMIT).',
  ],
  [
    '57P03',
    'UNREACHABLE',
    'PostgreSQL takes no connections now:',
    'It is starting, shutting down or recovering, or is a replica that takes none: wait for it (--wait 60), or point DATABASE_URL at the primary.',
  ],
  [
    '2BP01 0A000',
    'PREFLIGHT',
    'Something of the site’s own depends on what is to change:',
    'Drop what is named, run the command again, then create it anew. Nothing was changed.',
  ],
  [
    '26000 08P01',
    'UNREACHABLE',
    'The pooler before PostgreSQL, or the server, ended the connection:',
    'Look at the log of the pooler, or point DATABASE_URL at PostgreSQL itself. One that hands out the server for a single statement is not enough.',
  ],
];

const hidesRows = (code: string, user: string): Words => [
  code,
  'PERMISSION',
  'Row-level security hides rows from this user:',
  `Have an administrator of the server run: ALTER ROLE ${q(user)} BYPASSRLS; Nothing was changed.`,
];

/** What the server makes of a statement of ours that is wrong; in a function of the site's it says where. */
const OURS = /^42(601|703|803|804|846|883|P01|P02|P10|P18|P22)$/;

/** @param user the role in whose name the session works, where it is known */
export function translatePostgresqlError(error: unknown, user = '<user>'): GatewayError | null {
  if (!(error instanceof Error)) return null;
  const { code = '', message, where, detail, routine } = error as PostgresqlError & Error;
  const failure = connectFailure('PostgreSQL', error);
  if (failure !== null) return failure;
  if (saidByServer(error)) {
    if (OURS.test(code) && where === undefined) return null;
    if (where !== undefined) noting(error, 'Inside of', where.split('\n')[0] ?? '');
    // Others' details may hold rows.
    if (code === '2BP01' || code === '0A000') noting(error, 'PostgreSQL says', detail ?? message);
    // A table's owner is kept out, too, by what is forced on it.
    const words = routine === 'check_enable_rls' ? [hidesRows(code, user)] : WORDS;
    return inWords(words, { product: 'PostgreSQL', code, text: message, error });
  }
  if (/SASL|password must be a string/.test(message)) {
    return inWords(WORDS, { product: 'PostgreSQL', code: '28P01', text: message, error });
  }
  const ofTls = /SSL|certificate|self-signed/i.test(message + code);
  if (!ofTls && !/timeout expired|read timeout|Connection terminated|connection error/i.test(message)) {
    return null;
  }
  return new GatewayError('UNREACHABLE', `No connection to PostgreSQL: ${message}.`, {
    hint: ofTls
      ? certificateHint(message, { ca: 'sslrootcert', names: 'sslmode=verify-ca' })
      : 'Check that the server runs and answers. For one that is still starting: --wait 60',
    cause: error,
  });
}
