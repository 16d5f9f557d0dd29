import { type Findings, found } from '../../checks/check.ts';
import { grantStatement, RUN_PRIVILEGES } from '../../database/mysql/privileges.ts';
import { sqlCommand } from '../../report/advice.ts';
import { judged, type MysqlFacts } from './facts.ts';

/** What a command needs. */
interface Need {
  readonly command: string;
  readonly privileges: readonly string[];
  /** Granted on each table they will do, too; what makes tables needs them on the database. */
  readonly onTables?: true;
}

export const grants = judged({
  id: 'database.grants',
  title: 'This user may do what the commands do',
  level: 'error',
  hint: 'On MySQL a migration that is refused part-way cannot be taken back, so it is not begun.',
  judge: (facts) =>
    lacking(facts, [
      { command: 'mcpgw status and mcpgw verify', privileges: ['SELECT'], onTables: true },
      {
        command: 'mcpgw fix, and the gateway itself',
        privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
        onTables: true,
      },
      { command: 'mcpgw migrate', privileges: RUN_PRIVILEGES },
    ]),
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
    const [shows, makes] = facts.views > 0 ? [['SHOW VIEW'], ['CREATE VIEW']] : [[], []];
    const restore = [...RUN_PRIVILEGES, 'LOCK TABLES', 'TRIGGER', ...makes];
    const { sample, ...rest } = lacking(facts, [
      { command: 'mcpgw backup', privileges: ['SELECT', 'TRIGGER', ...shows], onTables: true },
      { command: 'mcpgw restore and mcpgw rollback', privileges: restore },
    ]);
    return { ...rest, ...found([...sample, ...facts.unrestorable]) };
  },
});

function lacking({ grants, tables }: MysqlFacts, needs: readonly Need[]): Findings {
  const names = tables.map(({ name }) => name);
  const refused = needs
    .map(({ command, privileges, onTables }) => {
      const has = (privilege: string) =>
        onTables === true ? grants.hasOn(privilege, names) : grants.has(privilege);
      return { command, lacks: privileges.filter((privilege) => !has(privilege)) };
    })
    .filter(({ lacks }) => lacks.length > 0);
  const all = [...new Set(refused.flatMap(({ lacks }) => lacks))];
  return found(
    refused.map(({ command, lacks }) => `${command}: lacks ${lacks.join(', ')}`),
    { command: all.length === 0 ? undefined : sqlCommand(grantStatement(grants, all)) },
  );
}
