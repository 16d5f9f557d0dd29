import { setTimeout } from 'node:timers/promises';
import { CLEAN } from '../../checks/check.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { type Client, readClients } from './clients.ts';
import { factsOf, isOn } from './facts.ts';

/** A transaction of the gateway is done in far less. */
const LONG_S = 5;

/** InnoDB shows transactions as they were up to a tenth of a second ago: what is found is looked at once more. */
const SETTLED_MS = 200;

/** What a schema change would wait for: every transaction that has touched its table keeps it from beginning. */
export const blockers: Examination<OpenContext<MysqlTarget>> = {
  id: 'database.blockers',
  title: 'Nobody holds the gateway’s tables',
  level: 'error',
  meaning:
    'A schema change waits for every transaction that has touched its table, all other queries of the table wait behind it, and after --lock-timeout the migration gives up.',
  command: '',
  async find(context) {
    const facts = await factsOf(context);
    const sight = {
      process: facts.grants.hasGlobally('PROCESS'),
      metadataLocks: isOn(facts, 'performance_schema'),
    };
    const look = async () => judgeClients(await readClients(context.db, sight), sight.process);
    const found = await look();
    if (found.count === 0) return found;
    await setTimeout(SETTLED_MS);
    return look();
  },
};

/** @param seesAll whether other accounts' connections are among them */
export function judgeClients(clients: readonly Client[], seesAll: boolean): DoctorFindings {
  const found = clients.flatMap((client) => {
    const why = reasons(client);
    return why.length === 0 ? [] : [{ client, why: why.join(', ') }];
  });
  const blind = seesAll
    ? []
    : [
        'This user sees its own connections only: GRANT PROCESS ON *.* shows the others, and open transactions',
      ];
  if (found.length === 0) return { ...CLEAN, sample: blind };
  return {
    count: found.length,
    sample: found.map(
      ({ client, why }) =>
        `connection ${client.id} (${client.user}@${client.host.replace(/:\d+$/, '')}): ${why}`,
    ),
    hint: 'Stop the gateway or what else holds them, or let it come to an end. A connection that nobody needs is ended by an administrator with KILL and its number.',
    command: 'SHOW PROCESSLIST;',
  };
}

function reasons({ transactionS, statementS, state, tables }: Client): string[] {
  return [
    ...(tables.length > 0 ? [`has locked ${tables.join(', ')}`] : []),
    ...(transactionS !== null && transactionS >= LONG_S
      ? [`a transaction that is open for ${transactionS} s`]
      : []),
    ...(statementS !== null && statementS >= LONG_S
      ? [`a statement that runs for ${statementS} s${state === '' ? '' : ` (${state})`}`]
      : []),
  ];
}
