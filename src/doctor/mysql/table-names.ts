import { CLEAN } from '../../checks/check.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { judged } from './judged.ts';

/** Where the server tells capitals from small letters, a table in other letters is another table. */
export const tableNames = judged({
  id: 'database.lower-case-table-names',
  title: 'Tables are named as the gateway names them',
  level: 'error',
  meaning:
    'This server tells capitals from small letters in names of tables (lower_case_table_names=0), and the gateway’s are all small: it does not see these, and the migration would make empty ones beside them.',
  command: '',
  preflight: 'refuse',
  judge({ schema, target, variables }) {
    const setting = variables.get('lower_case_table_names') ?? '';
    const others = setting === '0' ? [...schema.keys()].filter((name) => isOtherwise(name, target)) : [];
    if (others.length === 0) return { ...CLEAN, sample: [`lower_case_table_names is ${setting}`] };
    const free = others.filter((name) => !schema.has(name.toLowerCase()));
    const renamed = free.map((name) => `${quoteMysql(name)} TO ${quoteMysql(name.toLowerCase())}`);
    return {
      count: others.length,
      sample: others.map((name) =>
        schema.has(name.toLowerCase()) ? `${name}, beside ${name.toLowerCase()}` : name,
      ),
      hint: 'They come from a server on Windows or macOS, most likely. Take a backup, then rename them; where both are there, see first which of the two has the rows.',
      command: renamed.length === 0 ? '' : `RENAME TABLE ${renamed.join(', ')};`,
    };
  },
});

function isOtherwise(name: string, target: ReadonlyMap<string, unknown>): boolean {
  return !target.has(name) && target.has(name.toLowerCase());
}
