import { CLEAN } from '../../checks/check.ts';
import type { BackupToolContext } from '../../database/backup-tool.ts';
import type { Server } from '../../database/dialect.ts';
import { GatewayError } from '../../errors.ts';
import { noProgress } from '../../progress.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';

interface BackupClientKind<Target extends DatabaseTarget> {
  /** Null when it could not be asked, which is told elsewhere. */
  serverOf(context: TargetContext<Target>): Promise<Pick<Server, 'product' | 'version'> | null>;
  /** Finds the programs as a backup does. @throws GatewayError PREFLIGHT */
  find(context: BackupToolContext<Target>, server: Pick<Server, 'product' | 'version'>): Promise<unknown>;
}

/** Whether the programs are there that a backup is made with, and the migration begins with one. */
export function backupClientExamination<Target extends DatabaseTarget>(
  kind: BackupClientKind<Target>,
): Examination<TargetContext<Target>> {
  return {
    id: 'server.backup-client',
    title: 'The client programs for backups are here',
    level: 'error',
    meaning: 'mcpgw migrate takes a backup first and refuses without its programs, unless told --no-backup.',
    command: '',
    async find(context) {
      const server = await kind.serverOf(context);
      if (server === null) return CLEAN;
      const { target, cwd, env } = context;
      const { signal } = new AbortController();
      try {
        await kind.find({ target, cwd, env, progress: noProgress, signal, canGoWithout: true }, server);
        return CLEAN;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        return { count: 1, sample: [error.message], hint: error.hint };
      }
    },
  };
}
