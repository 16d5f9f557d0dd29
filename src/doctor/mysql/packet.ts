import { sql } from 'kysely';
import { CLEAN } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import type { Table } from '../../schema/model.ts';
import { factsOf, type MysqlFacts } from './facts.ts';
import { type JudgedExamination, judged } from './judged.ts';

const MB = 1024 * 1024;
const ENOUGH = 16 * MB;

const MEANING =
  'Large tool schemas, resources and messages do not fit: the server ends the connection with “Packet too large”, also when a backup is put back.';

const limit = judged({
  id: 'database.packet',
  title: 'Packets are large enough for large values',
  level: 'warning',
  meaning: MEANING,
  command: `SET GLOBAL max_allowed_packet = ${ENOUGH};`,
  judge(facts) {
    const bytes = packetOf(facts);
    const line = `max_allowed_packet is ${megabytes(bytes)}`;
    return bytes >= ENOUGH
      ? { ...CLEAN, sample: [line] }
      : {
          count: 1,
          sample: [`${line}, less than 16 MB`],
          hint: `${MEANING} Set it in the server’s my.cnf, too.`,
        };
  },
});

/** A statement with its values must fit into one packet; with --verbose, so must every row that is there. */
export const packet: JudgedExamination = {
  ...limit,
  async find(context) {
    const facts = await factsOf(context);
    const found = limit.judge(facts);
    if (!context.thorough || found.count > 0) return found;
    const large: string[] = [];
    let largest = 0;
    for (const table of facts.schema.values()) {
      const bytes = facts.target.has(table.name) ? await largestRow(context.db, table) : 0;
      if (bytes > packetOf(facts)) large.push(`${table.name}: a row takes ${megabytes(bytes)} in a backup`);
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

function packetOf({ variables }: MysqlFacts): number {
  return Number(variables.get('max_allowed_packet') ?? ENOUGH);
}

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

const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;
