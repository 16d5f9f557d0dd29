import { wrap } from '../report/wrap.ts';
import type { BackupOptions } from './options.ts';
import type { Session } from './session.ts';

/** Tells on standard error, before anything is written, which database it is about and what will happen. */
export function announce(session: Session, options: BackupOptions, lines: readonly string[]): void {
  const { io, loaded, progress } = session;
  const width = Math.max(40, Math.min(100, io.stderr.columns || 100));
  const backup = options.backup === false ? 'No backup is taken.' : 'A backup is taken first.';
  for (const line of [loaded.target.maskedUrl, ...lines, backup]) {
    for (const part of wrap(line, width)) progress.log(part);
  }
}
