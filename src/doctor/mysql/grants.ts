import type { Findings } from '../../checks/check.ts';
import { grantStatement, RUN_PRIVILEGES } from '../../database/mysql/privileges.ts';
import { judged, type MysqlFacts } from './facts.ts';

/** Commands, and the privileges that they need. */
type Needs = Readonly<Record<string, readonly string[]>>;

export const grants = judged({
  id: 'database.grants',
  title: 'This user may do what the commands do',
  level: 'error',
  hint: 'On MySQL a migration that is refused part-way cannot be taken back, so it is not begun.',
  judge: (facts) =>
    judge(
      facts,
      {
        'mcpgw status and mcpgw verify': ['SELECT'],
        'mcpgw fix, and the gateway itself': ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      },
      { 'mcpgw migrate': RUN_PRIVILEGES },
    ),
});

/**
 * A dump locks the tables that it fills (`--add-locks`), and leaves out or stumbles over triggers and views that
 * the user may not see.
 */
export const backupGrants = judged({
  id: 'database.backup-grants',
  title: 'This user may back up and restore',
  level: 'warning',
  hint: 'What migrate saves before its first write is incomplete, or cannot be put back by this user. Another user may do both.',
  judge(facts) {
    const forViews = (privilege: string) => (facts.views > 0 ? [privilege] : []);
    const found = judge(
      facts,
      { 'mcpgw backup': ['SELECT', 'TRIGGER', ...forViews('SHOW VIEW')] },
      {
        'mcpgw restore and mcpgw rollback': [
          ...RUN_PRIVILEGES,
          'LOCK TABLES',
          'TRIGGER',
          ...forViews('CREATE VIEW'),
        ],
      },
    );
    return {
      ...found,
      count: found.count + facts.unrestorable.length,
      sample: [...(found.sample ?? []), ...facts.unrestorable],
    };
  },
});

/** @param onTables what may be granted on each table, too @param onAll what makes tables */
function judge({ grants, tables }: MysqlFacts, onTables: Needs, onAll: Needs): Findings {
  const names = tables.map(({ name }) => name);
  const lackingOf = (needs: Needs, has: (privilege: string) => boolean) =>
    Object.entries(needs).map(([command, privileges]) => ({
      command,
      lacks: privileges.filter((privilege) => !has(privilege)),
    }));
  const lacking = [
    ...lackingOf(onTables, (privilege) => grants.hasOn(privilege, names)),
    ...lackingOf(onAll, grants.has),
  ].filter(({ lacks }) => lacks.length > 0);
  const all = [...new Set(lacking.flatMap(({ lacks }) => lacks))];
  return {
    count: lacking.length,
    sample: lacking.map(({ command, lacks }) => `${command}: lacks ${lacks.join(', ')}`),
    command: all.length === 0 ? '' : grantStatement(grants, all),
  };
}
