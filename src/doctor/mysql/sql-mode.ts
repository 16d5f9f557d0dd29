import { CLEAN } from '../../checks/check.ts';
import { judged } from './judged.ts';

/**
 * Modes that harm the gateway, or whose absence does. The migration works under every mode, since its sessions
 * have one of their own.
 */
export const sqlMode = judged({
  id: 'database.sql-mode',
  title: 'The server is strict: it keeps what it is given, or refuses it',
  level: 'warning',
  meaning: 'The gateway does not get back what it wrote, without any error.',
  command: '',
  judge({ variables }) {
    const modes = (variables.get('sql_mode') ?? '').split(',');
    const isStrict = modes.includes('STRICT_TRANS_TABLES') || modes.includes('STRICT_ALL_TABLES');
    const emptyIsNull = modes.includes('EMPTY_STRING_IS_NULL');
    const isLax = /^(OFF|0)$/i.test(variables.get('innodb_strict_mode') ?? 'ON');
    const sample = [
      ...(isStrict
        ? []
        : ['without STRICT_TRANS_TABLES, values that are too long or invalid are cut or replaced']),
      ...(emptyIsNull
        ? ['under EMPTY_STRING_IS_NULL, empty texts become NULL, which many columns refuse']
        : []),
      ...(isLax ? ['innodb_strict_mode is OFF: tables and keys that do not fit are made otherwise'] : []),
    ];
    if (sample.length === 0) return { ...CLEAN, sample: [modes.join(',')] };
    const leftOut = new Set(['', 'EMPTY_STRING_IS_NULL']);
    const kept = modes.filter((mode) => !leftOut.has(mode));
    const wanted = isStrict ? kept : [...kept, 'STRICT_TRANS_TABLES'];
    return {
      count: sample.length,
      sample,
      hint: 'Set the mode, in the server’s my.cnf too, and restart the gateway, whose connections keep the old one.',
      command: [
        ...(isStrict && !emptyIsNull ? [] : [`SET GLOBAL sql_mode = '${wanted.join(',')}';`]),
        ...(isLax ? ['SET GLOBAL innodb_strict_mode = ON;'] : []),
      ].join(' '),
    };
  },
});
