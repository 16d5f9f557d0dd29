import { hasRows } from '../backup/has-rows.ts';
import { preflightBackup } from '../backup/preflight-backup.ts';
import { type Backup, takeBackup } from '../backup/take-backup.ts';
import type { Connection } from '../database/connection.ts';
import { rowCounts } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import type { BeforeWriting } from '../migrate/in-run.ts';
import type { Text } from '../report/advice.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import type { DraftSection, StepReport } from '../report/report.ts';
import { backupSection, backupStep } from './backup-report.ts';
import { backupRequest } from './backup-request.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';
import type { Session } from './session.ts';

/** The backup that a command takes before its first write, and what the report says of it. */
export interface BackupBefore {
  /** Takes it, unless `--no-backup` was given or there is nothing in the database to lose. */
  readonly beforeWriting: BeforeWriting;
  steps(): StepReport[];
  sections(): DraftSection[];
  warnings(): readonly string[];
}

type Options = GlobalOptions & BackupOptions;

export function backupBefore(session: Session, db: Connection, options: Options): BackupBefore {
  let taken: Backup | null = null;
  return {
    async beforeWriting() {
      if (options.backup === false || !(await holdsRows(db))) return;
      taken = await takeBackup({ ...backupRequest(session, db, options), canGoWithout: true });
    },
    steps: () => (taken === null ? [] : [backupStep(taken)]),
    sections: () => (taken === null ? [] : [backupSection(taken)]),
    warnings: () => taken?.warnings ?? [],
  };
}

/** Where none is taken. */
export const NO_BACKUP = { sections: [], warnings: [], refusals: [] };

/** For `--dry-run`: where the backup would go and how large it would be, or why none could be taken. */
export async function plannedBackup(
  session: Session,
  db: Connection,
  options: Options,
): Promise<{
  readonly sections: DraftSection[];
  readonly warnings: readonly Text[];
  readonly refusals: readonly GatewayError[];
}> {
  if (options.backup === false || !(await holdsRows(db))) return NO_BACKUP;
  const { io, loaded, progress, warn } = session;
  try {
    const { bytes, place, warnings } = await preflightBackup({
      db,
      target: loaded.target,
      env: io.env,
      cwd: io.cwd,
      directory: options.backupDir ?? null,
      progress,
      warn,
      signal: io.signal,
      canGoWithout: true,
    });
    const rows = [
      ['folder', place],
      ['size', `up to ${inMegabytes(bytes)}`],
    ];
    return {
      sections: [{ id: 'backup', title: 'Backup before the first write', columns: ['what', 'value'], rows }],
      warnings,
      refusals: [],
    };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ...NO_BACKUP, refusals: [error] };
  }
}

async function holdsRows(db: Connection): Promise<boolean> {
  return hasRows(await rowCounts(db, [...(await db.dialect.readSchema(db)).keys()]));
}
