import { userInfo } from 'node:os';
import type { PostgresqlTarget } from '../../settings/database-target.ts';

/** Who logs in: without a user in the URL it is the one of the operating system, as libpq has it. */
export function loginName({ user }: Pick<PostgresqlTarget, 'user'>): string {
  return user ?? userInfo().username;
}
