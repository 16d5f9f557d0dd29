import { grantStatement, RUN_PRIVILEGES } from '../../database/mysql/privileges.ts';
import type { DoctorFindings } from '../examination.ts';
import type { MysqlFacts } from './facts.ts';
import { judged } from './judged.ts';

interface Need {
  readonly command: string;
  readonly privileges: readonly string[];
}

const [select, insert, update, remove, ...schemaChanges] = RUN_PRIVILEGES;

const GATEWAY: readonly Need[] = [
  { command: 'mcpgw status and mcpgw verify', privileges: [select] },
  { command: 'mcpgw fix, and the gateway itself', privileges: [select, insert, update, remove] },
  { command: 'mcpgw migrate', privileges: [select, insert, update, remove, ...schemaChanges] },
];

/**
 * A dump locks the tables that it fills (`--add-locks`), and leaves out or stumbles over triggers and views that
 * the user may not see.
 */
function backupNeeds({ views }: MysqlFacts): readonly Need[] {
  const seen = [select, 'TRIGGER', ...(views > 0 ? ['SHOW VIEW'] : [])];
  return [
    { command: 'mcpgw backup', privileges: seen },
    {
      command: 'mcpgw restore and mcpgw rollback',
      privileges: [...RUN_PRIVILEGES, 'LOCK TABLES', 'TRIGGER', ...(views > 0 ? ['CREATE VIEW'] : [])],
    },
  ];
}

function judge({ grants }: MysqlFacts, needs: readonly Need[]): DoctorFindings {
  const lacking = needs
    .map(({ command, privileges }) => ({ command, lacks: privileges.filter((name) => !grants.has(name)) }))
    .filter(({ lacks }) => lacks.length > 0);
  const all = [...new Set(lacking.flatMap(({ lacks }) => lacks))];
  return {
    count: lacking.length,
    sample: lacking.map(({ command, lacks }) => `${command}: lacks ${lacks.join(', ')}`),
    ...(all.length === 0 ? {} : { command: grantStatement(grants, all) }),
  };
}

export const grants = judged({
  id: 'database.grants',
  title: 'This user may do what the commands do',
  level: 'error',
  meaning: 'On MySQL a migration that is refused part-way cannot be taken back, so it is not begun.',
  command: '',
  judge: (facts) => judge(facts, GATEWAY),
});

export const backupGrants = judged({
  id: 'database.backup-grants',
  title: 'This user may back up and restore',
  level: 'warning',
  meaning:
    'What migrate saves before its first write is incomplete, or cannot be put back by this user. Another user may do both.',
  command: '',
  judge: (facts) => judge(facts, backupNeeds(facts)),
});
