import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import { lackingForChanges, type MissingPrivilege, namesOf } from '../../database/postgresql/privileges.ts';
import { GATEWAY_TABLES } from '../../schema/gateway-tables.ts';
import type { Examination } from '../examination.ts';
import { type PostgresqlContext, sessionFacts } from './session-facts.ts';
import { type TableFacts, tableFacts } from './table-facts.ts';

/** What each command needs of this user, command by command. Being the owner of a table is enough for all. */
export const grants: Examination<PostgresqlContext> = {
  id: 'database.grants',
  title: 'The user may do what every command does',
  level: 'error',
  meaning: 'The user of DATABASE_URL lacks privileges: the commands named would be refused.',
  command: '',
  async find(context) {
    const { user, schema } = await sessionFacts(context);
    const all = await tableFacts(context);
    const tables = all.filter(({ name }) => GATEWAY_TABLES.has(name));
    const where = q(schema ?? '');
    const on = (names: readonly string[], kind: 'TABLE' | 'SEQUENCE') =>
      names.length === all.length && kind === 'TABLE'
        ? `ALL TABLES IN SCHEMA ${where}`
        : `${kind} ${names.map((name) => `${where}.${q(name)}`).join(', ')}`;
    const lines: MissingPrivilege[] = [];
    const need = (commands: string, what: string, names: readonly string[], statement: string) => {
      if (names.length > 0) lines.push({ what: `${commands}: ${what} ${namesOf(names)}`, statement });
    };
    const without = (may: keyof TableFacts['may']) =>
      tables.filter((table) => !table.may[may]).map(({ name }) => name);

    const unreadable = without('SELECT');
    need('status, verify', 'read', unreadable, `GRANT SELECT ON ${on(unreadable, 'TABLE')} TO ${q(user)};`);
    for (const privilege of ['INSERT', 'UPDATE', 'DELETE'] as const) {
      const names = without(privilege);
      const statement = `GRANT ${privilege} ON ${on(names, 'TABLE')} TO ${q(user)};`;
      need('fix', privilege, names, statement);
    }
    const uncounted = tables.flatMap(({ unusableSequences }) => unusableSequences);
    need('fix', 'count up', uncounted, `GRANT USAGE ON ${on(uncounted, 'SEQUENCE')} TO ${q(user)};`);
    for (const { what, ...rest } of await lackingForChanges(
      context.db,
      tables.map(({ name }) => name),
    )) {
      lines.push({ what: `migrate, rollback, restore: ${what}`, ...rest });
    }
    const unsaved = tables.flatMap(({ unreadableSequences }) => unreadableSequences);
    need('backup', 'read', unsaved, `GRANT SELECT ON ${on(unsaved, 'SEQUENCE')} TO ${q(user)};`);
    const hidden = tables.filter(({ hidesRows }) => hidesRows).map(({ name }) => name);
    need(
      'backup, verify',
      'see all rows (row-level security) of',
      hidden,
      `ALTER ROLE ${q(user)} BYPASSRLS;`,
    );
    return {
      count: lines.length,
      sample: lines.map(({ what, statement }) => (statement === '' ? what : `${what}: ${statement}`)),
      hint: hintFor(lines),
      command: lines
        .map(({ statement }) => statement)
        .filter((statement) => statement !== '')
        .join(' '),
    };
  },
};

/** The owner needs nothing of it all, so that comes first. */
function hintFor(lines: readonly MissingPrivilege[]): string {
  const owners = lines.flatMap(({ owner }) => owner ?? []);
  const whom = owners.length === 0 ? 'the user that owns the gateway’s tables' : owners.join(' or ');
  const others = lines.some(({ statement }) => statement !== '')
    ? ', or have an administrator of the server run this'
    : '';
  return `Put ${whom} into DATABASE_URL${owners.length === 0 ? '' : ', who owns the tables'}${others}.`;
}
