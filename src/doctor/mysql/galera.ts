import { sql } from 'kysely';
import type { DoctorCheck, Findings } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import { factsOf, isOn } from './facts.ts';

/** Whether the node, if it is one of a Galera cluster, can take a migration that reaches all the others. */
export const galera: DoctorCheck<OpenContext<MysqlTarget>> = {
  id: 'database.galera',
  title: 'The cluster is whole, and this node belongs to it',
  level: 'error',
  hint: 'What is written here does not reach the other nodes, or is refused. Schema changes would be on some nodes and not on others.',
  command: "SHOW STATUS LIKE 'wsrep_%';",
  preflight: 'refuse',
  async find(context) {
    const facts = await factsOf(context);
    if (!isOn(facts, 'wsrep_on')) return { ...CLEAN, sample: ['no cluster'] };
    const rows = await context.db.query<{ Variable_name: string; Value: string }>(
      sql`SHOW STATUS LIKE 'wsrep%'`,
    );
    const status = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
    return judgeCluster(status, facts.variables.get('wsrep_osu_method') ?? 'TOI');
  },
};

/** Galera manual, "Galera Status Variables". A donor takes writes, too. */
const WANTED: Readonly<Record<string, RegExp>> = {
  wsrep_cluster_status: /^Primary$/i,
  wsrep_ready: /^ON$/i,
  wsrep_connected: /^ON$/i,
  wsrep_local_state_comment: /^(Synced|Donor.*)$/i,
};
/** The part of the time since the last look that the cluster stood still for its slowest node. */
const MOSTLY_PAUSED = 0.5;

/** @param osuMethod how schema changes reach the other nodes */
export function judgeCluster(status: ReadonlyMap<string, string>, osuMethod: string): Findings {
  const sample = Object.entries(WANTED)
    .filter(([name, wanted]) => !wanted.test(status.get(name) ?? ''))
    .map(([name]) => `${name} is ${status.get(name) || 'empty'}`);
  if (osuMethod.toUpperCase() !== 'TOI') {
    sample.push(`wsrep_OSU_method is ${osuMethod}: schema changes stay on this node`);
  }
  const paused = Number(status.get('wsrep_flow_control_paused') ?? 0);
  if (paused > MOSTLY_PAUSED) {
    sample.push(`wsrep_flow_control_paused is ${paused}: a slow node holds up all writes`);
  }
  if (sample.length === 0) {
    return { ...CLEAN, sample: [`${status.get('wsrep_cluster_size') ?? '?'} nodes, in step`] };
  }
  return {
    count: sample.length,
    sample,
    hint: 'Repair the cluster first, or point DATABASE_URL at a node of its majority; schema changes need SET GLOBAL wsrep_OSU_method = TOI.',
  };
}
