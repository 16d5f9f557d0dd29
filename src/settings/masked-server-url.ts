import type { UrlQuery } from './url-query.ts';

/** A server's URL for people: `***` for the password, and only those parameters that were read as harmless. */
export function maskedServerUrl(
  scheme: 'postgresql' | 'mysql',
  target: {
    user: string | null;
    password: string | null;
    host: string | null;
    port: number;
    database: string;
  },
  query: UrlQuery,
): string {
  const secret = target.password === null ? '' : ':***';
  const userInfo =
    target.user === null && secret === '' ? '' : `${encodeURIComponent(target.user ?? '')}${secret}@`;
  const host = target.host?.includes(':') ? `[${target.host}]` : target.host;
  const location = host === null ? '' : `${host}:${target.port}`;
  const parameters = query.shown.length === 0 ? '' : `?${query.shown.join('&')}`;
  return `${scheme}://${userInfo}${location}/${target.database.replaceAll('?', '%3F')}${parameters}`;
}
