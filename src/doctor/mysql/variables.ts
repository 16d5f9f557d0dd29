import { sql } from 'kysely';
import { fine, found } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import type { Table } from '../../schema/model.ts';
import { factsOf, type JudgedCheck, judged, type MysqlFacts } from './facts.ts';

/** What may be wrong with a variable of the server. One that the server does not know is not judged. */
interface Rule {
  readonly name: string;
  isWrong(value: string): boolean;
  /** What is told of it, after its name and value, or, as a function, in place of both. */
  readonly why?: string | ((value: string) => string);
  /** The statement that mends it. */
  set?(value: string): string;
}

interface VariableCheck extends Omit<JudgedCheck, 'judge' | 'find'> {
  readonly rules: readonly Rule[];
  /** What is told when nothing is wrong. */
  fact?(variables: MysqlFacts['variables']): string;
}

/** A check of variables of the server: each rule that is broken is a finding. */
function variables({ rules, fact, ...check }: VariableCheck): JudgedCheck {
  return judged({
    ...check,
    judge({ variables: values }) {
      const broken = rules.flatMap(({ name, isWrong, why = '', set }) => {
        const value = values.get(name);
        if (value === undefined || !isWrong(value)) return [];
        const line = typeof why === 'string' ? `${name} is ${value}${why}` : why(value);
        return [{ line, statement: set?.(value) ?? '' }];
      });
      if (broken.length === 0) return fine(...(fact === undefined ? [] : [fact(values)]));
      const statements = [...new Set(broken.map(({ statement }) => statement))].filter((each) => each !== '');
      const lines = broken.map(({ line }) => line);
      return found(lines, statements.length === 0 ? {} : { command: statements.join(' ') });
    },
  });
}

const isOn = (value: string) => /^(ON|1|YES|TRUE|NO_LOCK.*)$/i.test(value);

/** Also for users who could write all the same: what is written to a replica by itself breaks it. */
export const readOnly = variables({
  id: 'database.read-only',
  title: 'The server takes writes',
  level: 'error',
  hint: 'Point DATABASE_URL at the primary server, or have an administrator make this one writable again.',
  command: 'SELECT @@hostname, @@read_only;',
  rules: [
    { name: 'read_only', isWrong: isOn },
    { name: 'super_read_only', isWrong: isOn },
    { name: 'innodb_read_only', isWrong: isOn },
    { name: 'transaction_read_only', isWrong: isOn },
    { name: 'tx_read_only', isWrong: isOn },
    {
      name: 'innodb_force_recovery',
      isWrong: (value) => Number(value) > 0,
      why: ': the server was started to save its data only',
    },
  ],
});

const EMPTY_IS_NULL = 'EMPTY_STRING_IS_NULL';
const modesOf = (value: string) => value.split(',');
const isStrict = (value: string) =>
  modesOf(value).some((mode) => mode === 'STRICT_TRANS_TABLES' || mode === 'STRICT_ALL_TABLES');

function setStrictMode(value: string): string {
  const kept = modesOf(value).filter((mode) => mode !== '' && mode !== EMPTY_IS_NULL);
  const wanted = isStrict(value) ? kept : [...kept, 'STRICT_TRANS_TABLES'];
  return `SET GLOBAL sql_mode = '${wanted.join(',')}';`;
}

/**
 * Modes that harm the gateway, or whose absence does. The migration works under every mode, since its sessions
 * have one of their own.
 */
export const sqlMode = variables({
  id: 'database.sql-mode',
  title: 'The server is strict: it keeps what it is given, or refuses it',
  level: 'warning',
  hint: 'Set the mode, in the server’s my.cnf too, and restart the gateway, whose connections keep the old one.',
  fact: (values) => values.get('sql_mode') ?? '',
  rules: [
    {
      name: 'sql_mode',
      isWrong: (value) => !isStrict(value),
      why: () => 'without STRICT_TRANS_TABLES, values that are too long or invalid are cut or replaced',
      set: setStrictMode,
    },
    {
      name: 'sql_mode',
      isWrong: (value) => modesOf(value).includes(EMPTY_IS_NULL),
      why: () => `under ${EMPTY_IS_NULL}, empty texts become NULL, which many columns refuse`,
      set: setStrictMode,
    },
    {
      name: 'innodb_strict_mode',
      isWrong: (value) => !isOn(value),
      why: ': tables and keys that do not fit are made otherwise',
      set: () => 'SET GLOBAL innodb_strict_mode = ON;',
    },
  ],
});

const MB = 1024 * 1024;
const ENOUGH = 16 * MB;
const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;
const packetLine = (value: string) => `max_allowed_packet is ${megabytes(Number(value))}`;

const PACKET_MEANING =
  'Large tool schemas, resources and messages do not fit: the server ends the connection with “Packet too large”, also when a backup is put back.';

const limit = variables({
  id: 'database.packet',
  title: 'Packets are large enough for large values',
  level: 'warning',
  hint: `${PACKET_MEANING} Set it in the server’s my.cnf, too.`,
  command: `SET GLOBAL max_allowed_packet = ${ENOUGH};`,
  fact: (values) => packetLine(values.get('max_allowed_packet') ?? ''),
  rules: [
    {
      name: 'max_allowed_packet',
      isWrong: (value) => Number(value) < ENOUGH,
      why: (value) => `${packetLine(value)}, less than 16 MB`,
    },
  ],
});

/** A statement with its values must fit into one packet; with --verbose, so must every row that is there. */
export const packet: JudgedCheck = {
  ...limit,
  async find(context) {
    const facts = await factsOf(context);
    const found = limit.judge(facts);
    if (!context.thorough || found.count > 0) return found;
    const most = Number(facts.variables.get('max_allowed_packet'));
    const large: string[] = [];
    let largest = 0;
    for (const table of facts.schema.values()) {
      const bytes = facts.target.has(table.name) ? await largestRow(context.db, table) : 0;
      if (bytes > most) large.push(`${table.name}: a row takes ${megabytes(bytes)} in a backup`);
      largest = Math.max(largest, bytes);
    }
    if (large.length === 0) return found;
    const wanted = Math.ceil(largest / ENOUGH) * ENOUGH;
    return {
      count: large.length,
      sample: [...large, ...found.sample],
      hint: 'A backup can be made, but this server would not take it back. Set the size in the server’s my.cnf, too.',
      command: `SET GLOBAL max_allowed_packet = ${wanted};`,
    };
  },
};

/** Bytes of the largest row in a dump, which writes bytes as two digits each. Reads the whole table. */
async function largestRow(db: Connection, { name, columns }: Table): Promise<number> {
  const sizes = columns
    .filter(({ kind }) => kind === 'text' || kind === 'json' || kind === 'blob')
    .map((column) => {
      const bytes = sql`coalesce(octet_length(${sql.id(column.name)}), 0)`;
      return column.kind === 'blob' ? sql`2 * ${bytes}` : bytes;
    });
  if (sizes.length === 0) return 0;
  const [row] = await db.query<{ bytes: number | string | null }>(
    sql`SELECT max(${sql.join(sizes, sql` + `)}) AS bytes FROM ${sql.id(name)}`,
  );
  return Number(row?.bytes ?? 0);
}
