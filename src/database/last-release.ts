import type { Dialect } from './dialect.ts';

/** What whoever plans the next upgrade should know: the gateway leaves this kind of database behind. One line or none. */
export function lastReleaseLines({ lastRelease, server }: Pick<Dialect, 'lastRelease' | 'server'>): string[] {
  if (lastRelease === null) return [];
  return [
    `${lastRelease} is the gateway’s last release that runs on ${server.product}: before a later one, move to PostgreSQL.`,
  ];
}
