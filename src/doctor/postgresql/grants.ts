import type { DoctorCheck } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { lackingForChanges, type MissingPrivilege, namesOf } from '../../database/postgresql/privileges.ts';
import { GATEWAY_TABLES } from '../../schema/gateway-tables.ts';
import { type PostgresqlContext, sessionFacts, type TableFacts, tableFacts } from './facts.ts';

/** What each command needs of this user, command by command. Being the owner of a table is enough for all. */
export const grants: DoctorCheck<PostgresqlContext> = {
  id: 'database.grants',
  title: 'The user may do what every command does',
  level: 'error',
  hint: 'The user of DATABASE_URL lacks privileges: the commands named would be refused.',
  async find(context) {
    const { user, schema } = await sessionFacts(context);
    const all = await tableFacts(context);
    const tables = all.filter(({ name }) => GATEWAY_TABLES.has(name));
    const where = q(schema ?? '');
    const inSchema = (names: readonly string[]) => names.map((name) => `${where}.${q(name)}`).join(', ');
    const grant = (privilege: string, on: string) => `GRANT ${privilege} ON ${on} TO ${q(user)};`;
    const lines: MissingPrivilege[] = [];
    const need = (commands: string, what: string, names: readonly string[], statement: string) => {
      if (names.length > 0) lines.push({ what: `${commands}: ${what} ${namesOf(names)}`, statement });
    };
    const needTables = (commands: string, what: string, privilege: keyof TableFacts['may']) => {
      const names = tables.filter(({ may }) => !may[privilege]).map(({ name }) => name);
      const isEvery = names.length === all.length;
      const on = isEvery ? `ALL TABLES IN SCHEMA ${where}` : `TABLE ${inSchema(names)}`;
      need(commands, what, names, grant(privilege, on));
    };
    const needSequences = (commands: string, what: string, privilege: string, names: readonly string[]) =>
      need(commands, what, names, grant(privilege, `SEQUENCE ${inSchema(names)}`));

    needTables('status, verify', 'read', 'SELECT');
    needTables('fix', 'INSERT', 'INSERT');
    needTables('fix', 'UPDATE', 'UPDATE');
    needTables('fix', 'DELETE', 'DELETE');
    const uncounted = tables.flatMap(({ unusableSequences }) => unusableSequences);
    needSequences('fix', 'count up', 'USAGE', uncounted);
    const names = tables.map(({ name }) => name);
    for (const { what, ...rest } of await lackingForChanges(context.db, names)) {
      lines.push({ what: `migrate, rollback, restore: ${what}`, ...rest });
    }
    const unsaved = tables.flatMap(({ unreadableSequences }) => unreadableSequences);
    needSequences('backup', 'read', 'SELECT', unsaved);
    const hidden = tables.filter(({ hidesRows }) => hidesRows).map(({ name }) => name);
    const bypass = `ALTER ROLE ${q(user)} BYPASSRLS;`;
    need('backup, verify', 'see all rows (row-level security) of', hidden, bypass);
    const statements = lines.map(({ statement }) => statement).filter((statement) => statement !== '');
    return {
      count: lines.length,
      sample: lines.map(({ what, statement }) => (statement === '' ? what : `${what}: ${statement}`)),
      hint: tables.every(({ isOwned }) => isOwned)
        ? 'Have an administrator of the server run this.'
        : hintFor(lines, statements.length > 0),
      command: statements.join(' '),
    };
  },
};

/** The owner needs nothing of it all, so that comes first. */
function hintFor(lines: readonly MissingPrivilege[], hasStatements: boolean): string {
  const owners = lines.flatMap(({ owner }) => owner ?? []);
  const whom =
    owners.length === 0
      ? 'the user that owns the gateway’s tables into DATABASE_URL'
      : `${owners.join(' or ')} into DATABASE_URL, who owns the tables`;
  return `Put ${whom}${hasStatements ? ', or have an administrator of the server run this' : ''}.`;
}
