import { hostname } from 'node:os';

/** PostgreSQL cuts application names at 63 bytes; other characters than printable ASCII become `?` there. */
const LONGEST_HOST = 40;

/** What other runs call this one while they wait for it: `mcpgw@host pid 123`. */
export function thisProcess(): string {
  const host = hostname()
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, LONGEST_HOST);
  return `mcpgw@${host} pid ${process.pid}`;
}
