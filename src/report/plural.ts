import { thousands } from './thousands.ts';

/** `1 row`, `12,000 rows`; `many` for irregular plurals. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${thousands(count)} ${count === 1 ? one : many}`;
}
