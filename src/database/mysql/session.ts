/** A variable, its value as SQL, and the one of the two servers that has it. */
type Line = readonly [name: string, value: string, only?: 'MariaDB' | 'MySQL'];

/**
 * What a session of ours is, whatever the server, its `init_connect` or the account would make of it. The one
 * place for that, for our own connections and for the client programs. Left as the site has it is
 * `transaction_read_only`, which says where we may write.
 */
const SESSION: readonly Line[] = [
  // What a statement wrote is kept when it is done; and a COMMIT does nothing besides.
  ['autocommit', '1'],
  ['completion_type', '0'],
  // Repairs write every row that is wrong, and reads see every row.
  ['sql_safe_updates', '0'],
  ['sql_select_limit', '18446744073709551615'],
  ['sql_big_selects', '1'],
  // A statement may take as long as the server can be reached; the limit of ours is --statement-timeout.
  ['max_statement_time', '0', 'MariaDB'],
  ['max_execution_time', '0', 'MySQL'],
  ['idle_transaction_timeout', '0', 'MariaDB'],
  ['idle_readonly_transaction_timeout', '0', 'MariaDB'],
  ['idle_write_transaction_timeout', '0', 'MariaDB'],
  // A run whose network was cut gives its locks back. One that lives says a word every minute (`keepAwake`).
  ['wait_timeout', '300'],
  // A client that packs or checks what it is sent may take its time.
  ['net_read_timeout', '600'],
  ['net_write_timeout', '600'],
  // Whoever has locked a table or a row is waited for this long, unless a command sets a wait of its own.
  ['lock_wait_timeout', '30'],
  ['innodb_lock_wait_timeout', '30'],
  // Texts arrive as they are sent, whatever `init_connect` says.
  ['character_set_client', 'utf8mb4'],
  ['character_set_results', 'utf8mb4'],
  ['collation_connection', 'utf8mb4_general_ci'],
  // What does not fit is refused, and nothing else has another meaning than usual: the driver escapes with backslashes.
  ['sql_mode', `'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'`],
  ['foreign_key_checks', '1'],
  ['unique_checks', '1'],
  ['sql_auto_is_null', '0'],
  // Times are stored in UTC (COMPATIBILITY §6).
  ['time_zone', `'+00:00'`],
  // A read sees one moment.
  ['tx_isolation', `'REPEATABLE-READ'`, 'MariaDB'],
  ['transaction_isolation', `'REPEATABLE-READ'`, 'MySQL'],
  // The columns of an index are read as one text.
  ['group_concat_max_len', '1048576'],
  // What SHOW CREATE TABLE says is read by its quotes.
  ['sql_quote_show_create', '1'],
  ['lc_messages', `'en_US'`],
];

/** Comments that only one of the two carries out: MariaDB leaves out what is for MySQL 8 and 9. */
const ONLY = { MariaDB: '/*M! ', MySQL: '/*!80000 ' } as const;

/** The statement that sets all of it, on either server. */
export const MYSQL_SESSION = `SET ${SESSION.map(([name, value, only], i) => {
  const text = `${i === 0 ? '' : ', '}SESSION ${name} = ${value}`;
  return only === undefined ? text : `${ONLY[only]}${text} */`;
}).join('')}`;
