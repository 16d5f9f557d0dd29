import type { GatewayError } from '../errors.ts';

/** How a warning of a dry run begins that knows why the run would be refused. */
const WOULD_REFUSE = 'A run would refuse: ';

/** @param why with what to do about it */
export function refusal(why: string): string {
  return `${WOULD_REFUSE}${why}`;
}

/** What an error says, as one text. */
export function reasonOf({ message, details, hint }: GatewayError): string {
  return [message, ...details.map((line) => (/[;:.]$/.test(line) ? line : `${line}.`)), hint].join(' ');
}

export function isRefusal(warning: string): boolean {
  return warning.startsWith(WOULD_REFUSE);
}
