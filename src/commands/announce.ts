import type { Text } from '../report/advice.ts';
import { logWrapped } from './log-wrapped.ts';
import type { BackupOptions } from './options.ts';
import type { Session } from './session.ts';

/** Tells on standard error, before anything is written, which database it is about and what will happen. */
export function announce(session: Session, options: BackupOptions, lines: readonly Text[]): void {
  const backup = options.backup === false ? 'No backup is taken.' : 'A backup is taken first.';
  logWrapped(session, [session.loaded.target.maskedUrl, ...lines, backup]);
}
