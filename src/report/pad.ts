import { displayWidth } from './display-width.ts';

/** Fills text with spaces up to `width` terminal columns; longer text is returned as it is. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}
