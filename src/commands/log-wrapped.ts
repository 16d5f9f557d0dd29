import type { Text } from '../report/advice.ts';
import { wrap } from '../report/wrap.ts';
import type { Session } from './session.ts';

/** Lines on standard error for the person at the terminal, broken at its width. */
export function logWrapped({ io, progress }: Pick<Session, 'io' | 'progress'>, lines: readonly Text[]): void {
  const width = Math.max(40, Math.min(100, io.stderr.columns || 100));
  for (const line of lines) {
    for (const part of wrap(`${line}`, width)) progress.log(part);
  }
}
