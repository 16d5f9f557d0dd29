import { GatewayError } from '../../errors.ts';
import type { Text } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';

/** More are counted and not told. */
const MOST = 100;

/** All that is wrong, to be told at once. */
export interface Problems {
  /** @param path where, as `entities.tools[3].name`, or the row as people call it */
  add(path: string, what: Text): void;
  readonly count: number;
  /** @throws GatewayError with every problem, when there are any */
  refuse(code: 'USAGE' | 'PREFLIGHT', message: string, hint: Text): void;
}

export function problems(): Problems {
  const lines: string[] = [];
  let count = 0;
  return {
    add(path, what) {
      count++;
      if (lines.length < MOST) lines.push(`${path}: ${what}`);
    },
    get count() {
      return count;
    },
    refuse(code, message, hint) {
      if (count === 0) return;
      const more = count > lines.length ? [`… and ${plural(count - lines.length, 'more problem')}`] : [];
      throw new GatewayError(code, message, { details: [...lines, ...more], hint });
    },
  };
}
