import { userInfo } from 'node:os';

/** Who logs in: without a user in the URL it is the one of the operating system, as libpq and PyMySQL have it. */
export function loginName({ user }: { readonly user: string | null }): string {
  return user ?? userInfo().username;
}
