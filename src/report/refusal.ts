import type { GatewayError } from '../errors.ts';
import { ended, joined, type Text } from './advice.ts';

/** What an error says, as one text. */
export function reasonOf({ message, details, hint }: GatewayError): Text {
  return joined([message, ...details.map((line) => ended(line)), hint], ' ');
}
