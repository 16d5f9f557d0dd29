import type { DoctorCheck } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { lackingForChanges, type MissingPrivilege, namesOf } from '../../database/postgresql/privileges.ts';
import { sqlCommand } from '../../report/advice.ts';
import { GATEWAY_TABLES } from '../../schema/gateway-tables.ts';
import { type PostgresqlContext, sessionFacts, type TableFacts, tableFacts } from './facts.ts';

/** What each command needs of this user, command by command. Being the owner of a table is enough for all. */
export const grants: DoctorCheck<PostgresqlContext> = {
  id: 'database.grants',
  title: 'The user may do what every command does',
  level: 'error',
  hint: 'Have an administrator of the server run this.',
  async find(context) {
    const { user, schema } = await sessionFacts(context);
    const all = await tableFacts(context);
    const tables = all.filter(({ name }) => GATEWAY_TABLES.has(name));
    const where = q(schema ?? '');
    const inSchema = (names: readonly string[]) => names.map((name) => `${where}.${q(name)}`).join(', ');
    const grant = (privilege: string, on: string) => `GRANT ${privilege} ON ${on} TO ${q(user)};`;
    const lacks = (commands: string, what: string, of: readonly string[], statement: string) =>
      of.length === 0 ? [] : [{ what: `${commands}: ${what} ${namesOf(of)}`, statement }];
    const onTables = (commands: string, what: string, privilege: keyof TableFacts['may']) => {
      const closed = tables.filter(({ may }) => !may[privilege]).map(({ name }) => name);
      const isEvery = closed.length === all.length;
      const on = isEvery ? `ALL TABLES IN SCHEMA ${where}` : `TABLE ${inSchema(closed)}`;
      return lacks(commands, what, closed, grant(privilege, on));
    };
    const onSequences = (commands: string, what: string, privilege: string, closed: readonly string[]) =>
      lacks(commands, what, closed, grant(privilege, `SEQUENCE ${inSchema(closed)}`));
    const uncounted = tables.flatMap(({ unusableSequences }) => unusableSequences);
    const unsaved = tables.flatMap(({ unreadableSequences }) => unreadableSequences);
    const hidden = tables.filter(({ hidesRows }) => hidesRows).map(({ name }) => name);
    const bypass = `ALTER ROLE ${q(user)} BYPASSRLS;`;
    const names = tables.map(({ name }) => name);
    const forChanges = await lackingForChanges(context.db, names);
    const lines: readonly MissingPrivilege[] = [
      ...onTables('status, verify', 'read', 'SELECT'),
      ...(['INSERT', 'UPDATE', 'DELETE'] as const).flatMap((verb) => onTables('fix', verb, verb)),
      ...onSequences('fix', 'count up', 'USAGE', uncounted),
      ...forChanges.map(({ what, ...rest }) => ({ what: `migrate, rollback, restore: ${what}`, ...rest })),
      ...onSequences('backup', 'read', 'SELECT', unsaved),
      ...lacks('backup, verify', 'see all rows (row-level security) of', hidden, bypass),
    ];
    const statements = lines.map(({ statement }) => statement).filter((statement) => statement !== '');
    return {
      count: lines.length,
      sample: lines.map(({ what, statement }) => (statement === '' ? what : `${what}: ${statement}`)),
      ...(tables.every(({ isOwned }) => isOwned) ? {} : { hint: hintFor(lines, statements.length > 0) }),
      command: sqlCommand(...statements),
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
