import { Chalk, type ChalkInstance } from 'chalk';
import type { Style } from '../../style.ts';

/** What every block of the text report draws with: the style, the pens, and the signs the terminal can show. */
export interface Page {
  readonly style: Style;
  readonly paint: ChalkInstance;
  readonly signs: typeof UNICODE | typeof ASCII;
}

const UNICODE = { good: '✔', same: '•', bad: '✖', warn: '!', dot: '·', more: '…' } as const;
const ASCII = { good: '+', same: '-', bad: 'x', warn: '!', dot: '-', more: '...' } as const;

/** Level 1 of chalk: the sixteen colours that follow the reader's own theme. */
export function page(style: Style): Page {
  return {
    style,
    paint: new Chalk({ level: style.color ? 1 : 0 }),
    signs: style.unicode ? UNICODE : ASCII,
  };
}
