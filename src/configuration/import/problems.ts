import { GatewayError } from '../../errors.ts';
import type { Text } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';

/** More are counted and not told. */
const MOST = 100;

/** All that is wrong, to be told at once. */
export interface Problems {
  /** @param path where, as `entities.tools[3].name`, with what people call the row */
  add(path: string, what: string): void;
  /** @throws GatewayError with every problem, when there are any */
  refuse(code: 'USAGE' | 'PREFLIGHT', message: string, hint: Text): void;
}

export function problems(): Problems {
  const lines: string[] = [];
  let more = 0;
  return {
    add(path, what) {
      if (lines.length < MOST) lines.push(`${path}: ${what}`);
      else more++;
    },
    refuse(code, message, hint) {
      if (lines.length === 0) return;
      const rest = more === 0 ? [] : [`… and ${plural(more, 'more problem')}`];
      throw new GatewayError(code, message, { details: [...lines, ...rest], hint });
    },
  };
}
