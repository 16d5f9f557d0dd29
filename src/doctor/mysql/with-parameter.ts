import type { MysqlTarget } from '../../settings/database-target.ts';

/** The command that tries the URL with one parameter more, for people: its password is masked. */
export function withParameter({ maskedUrl }: MysqlTarget, parameter: string): string {
  const joint = maskedUrl.includes('?') ? '&' : '?';
  return `mcpgw doctor --database-url '${maskedUrl}${joint}${parameter}'`;
}
