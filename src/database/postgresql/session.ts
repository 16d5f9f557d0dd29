import { literalPostgresql } from './ddl.ts';

/** A setting, the value it has in a session of ours, and the first release of PostgreSQL that knows it. */
type Line = readonly [name: string, value: string, since?: number];

/**
 * What a session of ours is, whatever the server, the database, the role or DATABASE_URL would make of it. The one
 * place for that, for our own connections and for the client programs. Left as the site has them are
 * `search_path`, `role`, `default_tablespace` and `default_transaction_read_only`, which say where we may work.
 */
const SESSION: readonly Line[] = [
  // A statement may take as long as the server can be reached; the limit of ours is --statement-timeout.
  ['statement_timeout', '0'],
  ['transaction_timeout', '0', 17],
  // A table that somebody has locked is waited for this long, unless a command sets a wait of its own.
  ['lock_timeout', '30s'],
  // A run whose network was cut gives its locks back. One that lives says a word every minute (`keepAwake`).
  ['idle_in_transaction_session_timeout', '5min'],
  // Without a transaction it has no locks, and may wait for a person to answer.
  ['idle_session_timeout', '0', 14],
  // A client that vanished without a word is found out after 40 s, also when the server was talking to it.
  ['tcp_keepalives_idle', '10'],
  ['tcp_keepalives_interval', '10'],
  ['tcp_keepalives_count', '3'],
  ['tcp_user_timeout', '40s'],
  // Policies hide rows, which then look as if they were missing: the server refuses instead.
  ['row_security', 'off'],
  // Under `replica` neither triggers nor foreign keys are looked at. Only a superuser may set it.
  ['session_replication_role', 'origin'],
  // Definitions are read as the server spells them when it is left alone.
  ['quote_all_identifiers', 'off'],
  // Our literals double their quotes, and take a backslash for a backslash.
  ['standard_conforming_strings', 'on'],
  // What the driver and our statements understand, and no digit less of a number.
  ['client_encoding', 'UTF8'],
  ['DateStyle', 'ISO'],
  ['IntervalStyle', 'postgres'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  // Times are stored in UTC (COMPATIBILITY §6).
  ['TimeZone', 'UTC'],
  // Behind its locks a run sees what others have committed until then.
  ['default_transaction_isolation', 'read committed'],
];

/** What a client program may not set, and, while it waits for us, is not ended for. */
const OF_CLIENTS: Readonly<Record<string, string | null>> = {
  session_replication_role: null,
  idle_in_transaction_session_timeout: '0',
};

/**
 * A SELECT that sets all of it and has one row.
 *
 * @param isLocal SQL: whether it is set until the end of the transaction only, as it must be behind a pooler, where
 *   the session is the gateway's, too
 * @param other values for this time, by name
 */
export function postgresqlSession(isLocal: string, other: Readonly<Record<string, string>> = {}): string {
  const rows = SESSION.map(([name, value]) => {
    return `(${literalPostgresql(name)}, ${literalPostgresql(other[name] ?? value)})`;
  });
  // An older server has no value for what it does not know.
  return (
    `SELECT current_setting('server_version') AS version, current_user AS who, count(set_config(name, value, ${isLocal})) AS set ` +
    `FROM (VALUES ${rows.join(', ')}) AS ours(name, value) WHERE current_setting(name, true) <> value`
  );
}

/**
 * The same for a client program, as PGOPTIONS.
 *
 * @param major release of the server
 */
export function postgresqlClientOptions(major: number): string {
  return SESSION.filter(([name, , since = 0]) => since <= major && OF_CLIENTS[name] !== null)
    .map(([name, value]) => `-c ${name}=${(OF_CLIENTS[name] ?? value).replaceAll(' ', '\\ ')}`)
    .join(' ');
}
