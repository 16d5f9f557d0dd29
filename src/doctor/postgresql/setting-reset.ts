import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import type { SessionFacts, SettingName } from './session-facts.ts';

/**
 * What takes a setting back to the server's own, told from where it was set, or sets it to `value` where the
 * server's own is the trouble. Null when it comes with the connection: then it stands in DATABASE_URL.
 */
export function settingReset(
  { settings, user, database }: SessionFacts,
  name: SettingName,
  value: string,
): string | null {
  switch (settings[name]?.source) {
    case 'client':
      return null;
    case 'user':
      return `ALTER ROLE ${q(user)} RESET ${name};`;
    case 'database':
      return `ALTER DATABASE ${q(database)} RESET ${name};`;
    case 'database user':
      return `ALTER ROLE ${q(user)} IN DATABASE ${q(database)} RESET ${name};`;
    default:
      // The configuration of the server is not ours to change for all of its databases.
      return `ALTER ROLE ${q(user)} IN DATABASE ${q(database)} SET ${name} = ${value};`;
  }
}
