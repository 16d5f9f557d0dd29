import { sql } from 'kysely';
import { CLEAN, type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { sqlCommand } from '../../report/advice.ts';
import type { Table } from '../../schema/model.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import { factsOf, isOn, type JudgedCheck, judged, type MysqlFacts, shown } from './facts.ts';

/** What may be wrong with a variable of the server, or of its status. One that it does not know is not judged. */
interface Rule {
  readonly name: string;
  isWrong(value: string): boolean;
  /** What is told of it, after its name and value. */
  readonly why?: string;
  /** The same in place of both. */
  line?(value: string): string;
  /** The statement that repairs it. */
  set?(value: string): string;
}

/** Each rule that is broken is a finding. */
function broken(rules: readonly Rule[], values: ReadonlyMap<string, string>, fact?: string): Findings {
  const wrong = rules.flatMap(({ name, isWrong, why = '', line, set }) => {
    const value = values.get(name);
    if (value === undefined || !isWrong(value)) return [];
    return [{ line: line?.(value) ?? `${name} is ${value || 'empty'}${why}`, statement: set?.(value) ?? '' }];
  });
  if (wrong.length === 0) return fine(...(fact === undefined ? [] : [fact]));
  const statements = [...new Set(wrong.map(({ statement }) => statement))].filter((each) => each !== '');
  const lines = wrong.map(({ line }) => line);
  return found(lines, statements.length === 0 ? {} : { command: sqlCommand(...statements) });
}

interface VariableCheck extends Omit<JudgedCheck, 'judge' | 'find'> {
  readonly rules: readonly Rule[];
  /** What is told when nothing is wrong. */
  fact?(variables: MysqlFacts['variables']): string;
}

const ofVariables = ({ rules, fact, ...check }: VariableCheck): JudgedCheck =>
  judged({ ...check, judge: ({ variables }) => broken(rules, variables, fact?.(variables)) });

const isSet = (value: string) => /^(ON|1|YES|TRUE|NO_LOCK.*)$/i.test(value);
const FLAGS = 'read_only super_read_only innodb_read_only transaction_read_only tx_read_only'.split(' ');

/** Also for users who could write all the same: what is written to a replica by itself breaks it. */
export const readOnly = ofVariables({
  id: 'database.read-only',
  title: 'The server takes writes',
  level: 'error',
  hint: 'It is a replica, most likely, or was made read-only for maintenance. Point DATABASE_URL at the primary server, or have an administrator make this one writable again.',
  command: sqlCommand('SELECT @@hostname, @@read_only;'),
  rules: [
    ...FLAGS.map((name) => ({ name, isWrong: isSet })),
    {
      name: 'innodb_force_recovery',
      isWrong: (value) => Number(value) > 0,
      why: ': the server was started to save its data only',
    },
  ],
});

const EMPTY_IS_NULL = 'EMPTY_STRING_IS_NULL';
const isStrict = (value: string) => /(^|,)STRICT_(TRANS|ALL)_TABLES(,|$)/.test(value);

function setStrictMode(value: string): string {
  const kept = value.split(',').filter((mode) => mode !== '' && mode !== EMPTY_IS_NULL);
  return `SET GLOBAL sql_mode = '${(isStrict(value) ? kept : [...kept, 'STRICT_TRANS_TABLES']).join(',')}';`;
}

/** The migration works under every mode, since its sessions have one of their own. */
export const sqlMode = ofVariables({
  id: 'database.sql-mode',
  title: 'The server is strict: it keeps what it is given, or refuses it',
  level: 'warning',
  hint: 'The gateway does not get back what it wrote. Set the mode, in the server’s my.cnf too, and restart the gateway, whose connections keep the old one.',
  fact: (values) => values.get('sql_mode') ?? '',
  rules: [
    {
      name: 'sql_mode',
      isWrong: (value) => !isStrict(value),
      line: () => 'without STRICT_TRANS_TABLES, values that are too long or invalid are cut or replaced',
      set: setStrictMode,
    },
    {
      name: 'sql_mode',
      isWrong: (value) => value.split(',').includes(EMPTY_IS_NULL),
      line: () => `under ${EMPTY_IS_NULL}, empty texts become NULL, which many columns refuse`,
      set: setStrictMode,
    },
    {
      name: 'innodb_strict_mode',
      isWrong: (value) => !isSet(value),
      why: ': tables and keys that do not fit are made otherwise',
      set: () => 'SET GLOBAL innodb_strict_mode = ON;',
    },
  ],
});

const MB = 1024 * 1024;
const ENOUGH = 16 * MB;
const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;
const packetLine = (value = '') => `max_allowed_packet is ${megabytes(Number(value))}`;
const setPacket = (bytes: number) => `SET GLOBAL max_allowed_packet = ${bytes};`;

const limit = ofVariables({
  id: 'database.packet',
  title: 'Packets are large enough for large values',
  level: 'warning',
  hint: 'Large tool schemas, resources and messages do not fit: the server ends the connection with “Packet too large”, also when a backup is put back. Set it in the server’s my.cnf, too.',
  fact: (values) => packetLine(values.get('max_allowed_packet')),
  rules: [
    {
      name: 'max_allowed_packet',
      isWrong: (value) => Number(value) < ENOUGH,
      line: (value) => `${packetLine(value)}, less than 16 MB`,
      set: () => setPacket(ENOUGH),
    },
  ],
});

/** A statement with its values must fit into one packet; with --verbose, so must every row that is there. */
export const packet: JudgedCheck = {
  ...limit,
  async find(context) {
    const facts = await factsOf(context);
    const finding = limit.judge(facts);
    if (!context.thorough || finding.count > 0) return finding;
    const sizes: { readonly name: string; readonly bytes: number }[] = [];
    for (const table of facts.schema.values()) {
      if (!facts.target.has(table.name)) continue;
      sizes.push({ name: table.name, bytes: await largestRow(context.db, table) });
    }
    const most = Number(facts.variables.get('max_allowed_packet'));
    const large = sizes.filter(({ bytes }) => bytes > most);
    if (large.length === 0) return finding;
    const largest = Math.max(...large.map(({ bytes }) => bytes));
    return {
      count: large.length,
      sample: [
        ...large.map(({ name, bytes }) => `${name}: a row takes ${megabytes(bytes)} in a backup`),
        ...finding.sample,
      ],
      hint: 'A backup can be made, but this server would not take it back. Set the size in the server’s my.cnf, too.',
      command: sqlCommand(setPacket(Math.ceil(largest / ENOUGH) * ENOUGH)),
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

/** Whether the node, if it is one of a Galera cluster, can take a migration that reaches all the others. */
export const galera: DoctorCheck<OpenContext<MysqlTarget>> = {
  id: 'database.galera',
  title: 'The cluster is whole, and this node belongs to it',
  level: 'error',
  hint: 'What is written here does not reach the other nodes, or is refused. Repair the cluster first, or point DATABASE_URL at a node of its majority; schema changes need SET GLOBAL wsrep_OSU_method = TOI.',
  command: sqlCommand("SHOW STATUS LIKE 'wsrep_%';"),
  preflight: 'refuse',
  async find(context) {
    const facts = await factsOf(context);
    if (!isOn(facts, 'wsrep_on')) return { ...CLEAN, sample: ['no cluster'] };
    const status = await shown(context.db, "STATUS LIKE 'wsrep%'");
    return judgeCluster(status, facts.variables.get('wsrep_osu_method') ?? 'TOI');
  },
};

const unlike = (name: string, wanted: RegExp): Rule => ({ name, isWrong: (value) => !wanted.test(value) });

/** Galera manual, "Galera Status Variables". A donor takes writes, too. */
const CLUSTER: readonly Rule[] = [
  unlike('wsrep_cluster_status', /^Primary$/i),
  unlike('wsrep_ready', /^ON$/i),
  unlike('wsrep_connected', /^ON$/i),
  unlike('wsrep_local_state_comment', /^(Synced|Donor.*)$/i),
  { ...unlike('wsrep_OSU_method', /^TOI$/i), why: ': schema changes stay on this node' },
  {
    // The part of the time since the last look that the cluster stood still.
    name: 'wsrep_flow_control_paused',
    isWrong: (value) => Number(value) > 0.5,
    why: ': a slow node holds up all writes',
  },
];

/** @param osuMethod how schema changes reach the other nodes */
export function judgeCluster(status: ReadonlyMap<string, string>, osuMethod: string): Findings {
  const empty = CLUSTER.map(({ name }) => [name, ''] as const);
  const nodes = `${status.get('wsrep_cluster_size') ?? '?'} nodes, in step`;
  return broken(CLUSTER, new Map([...empty, ...status, ['wsrep_OSU_method', osuMethod]]), nodes);
}
