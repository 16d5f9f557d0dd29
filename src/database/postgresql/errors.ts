import { GatewayError } from '../../errors.ts';
import { connectFailure } from '../connect-failure.ts';

interface PostgresqlError {
  readonly code?: string;
  readonly message?: string;
  readonly severity?: string;
}

/** SQLSTATE classes and codes: PostgreSQL manual, appendix A. */
export function translatePostgresqlError(error: unknown): GatewayError | null {
  if (!(error instanceof Error)) return null;
  const { code = '', message } = error as PostgresqlError & Error;
  const failure = connectFailure('PostgreSQL', error);
  if (failure !== null) return failure;
  if (
    /timeout expired|read timeout|Connection terminated|connection error and is not queryable|server does not support SSL|self-signed|certificate/i.test(
      message,
    )
  ) {
    return new GatewayError('UNREACHABLE', `No connection to PostgreSQL: ${message}.`, {
      hint: /SSL|certificate|self-signed/i.test(message)
        ? 'Check sslmode and sslrootcert in DATABASE_URL.'
        : 'Check that the server runs and answers. For one that is still starting: --wait 60',
      cause: error,
    });
  }
  if (code === '28P01' || code === '28000' || /SASL|password must be a string/.test(message)) {
    return new GatewayError(
      'AUTHENTICATION',
      'PostgreSQL refused the user or the password of DATABASE_URL.',
      {
        hint: 'Check user and password (percent-encode special characters) and pg_hba.conf.',
        cause: error,
      },
    );
  }
  if (code === '3D000') {
    return new GatewayError(
      'NO_DATABASE',
      'The database named in DATABASE_URL does not exist on this server.',
      {
        hint: 'Check its name, or create it first (createdb). mcpgw creates no PostgreSQL databases.',
        cause: error,
      },
    );
  }
  if (code === '42501') {
    return new GatewayError('PERMISSION', `PostgreSQL does not allow this user to do that: ${message}.`, {
      hint: 'Run as the owner of the gateway’s tables, or grant what is missing. Nothing was changed.',
      cause: error,
    });
  }
  if (code === '25006') {
    return new GatewayError(
      'READ_ONLY',
      'The PostgreSQL server is read-only (a replica, or default_transaction_read_only).',
      {
        hint: 'Point DATABASE_URL at the primary server. Nothing was changed.',
        cause: error,
      },
    );
  }
  if (code === '55P03' || code === '57014') {
    return new GatewayError('BUSY', 'A table is locked by another connection.', {
      hint: 'Stop the gateway or end the long transaction, then run the command again. Nothing was changed.',
      cause: error,
    });
  }
  if (code === '0A000' && /used by a view or rule/.test(message)) {
    const { detail } = error as { detail?: string };
    return new GatewayError('PREFLIGHT', `PostgreSQL cannot change a column that a view uses: ${message}.`, {
      details: detail === undefined ? [] : [detail],
      hint: 'Drop that view, run the command again, then create the view anew. Nothing was changed.',
      cause: error,
    });
  }
  if (code === '53100') {
    return new GatewayError('DISK_FULL', 'The disk of the PostgreSQL server is full.', {
      hint: 'Make room and run the command again. Nothing was changed.',
      cause: error,
    });
  }
  if (code === '53300' || code === '57P03') {
    return new GatewayError('UNREACHABLE', `PostgreSQL takes no connections now: ${message}.`, {
      hint: 'Wait for it (--wait 60), or free connections.',
      cause: error,
    });
  }
  if (/^57P0[12]$/.test(code)) {
    return new GatewayError('UNREACHABLE', 'PostgreSQL ended the connection.', {
      hint: 'Nothing was changed. Run the command again when the server is back.',
      cause: error,
    });
  }
  return null;
}
