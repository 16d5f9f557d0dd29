import { CLEAN } from '../../checks/check.ts';
import { isOn } from './facts.ts';
import { judged } from './judged.ts';

const SWITCHES = [
  'read_only',
  'super_read_only',
  'innodb_read_only',
  'transaction_read_only',
  'tx_read_only',
] as const;

/** Also for users who could write all the same: what is written to a replica by itself breaks it. */
export const readOnly = judged({
  id: 'database.read-only',
  title: 'The server takes writes',
  level: 'error',
  meaning:
    'It is a replica, most likely, or was made read-only for maintenance: neither gateway nor migration can write.',
  command: 'SELECT @@hostname, @@read_only;',
  judge(facts) {
    const recovery = Number(facts.variables.get('innodb_force_recovery') ?? 0);
    const on = SWITCHES.filter(
      (name) => isOn(facts, name) || /^NO_LOCK/.test(facts.variables.get(name) ?? ''),
    );
    const sample = [
      ...on.map((name) => `${name} is ${facts.variables.get(name)}`),
      ...(recovery > 0
        ? [`innodb_force_recovery is ${recovery}: the server was started to save its data only`]
        : []),
    ];
    if (sample.length === 0) return CLEAN;
    return {
      count: sample.length,
      sample,
      hint: 'Point DATABASE_URL at the primary server, or have an administrator make this one writable again.',
    };
  },
});
