import { listBackups } from '../../backup/list-backups.ts';
import { openBackupTool } from '../../database/backup-tool.ts';
import { errorText } from '../../errors.ts';
import { noProgress } from '../../progress.ts';
import { duration } from '../../report/duration.ts';
import { plural } from '../../report/plural.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** The newest backup of this database where backups go unless `--backup-dir` says otherwise. */
export const backups: Examination<OpenContext> = {
  id: 'data.backups',
  title: 'Backups of this database',
  level: 'info',
  meaning: 'mcpgw migrate, fix and rollback take one before they write. Take one now with: mcpgw backup',
  command: '',
  async find({ target, cwd, env, now }) {
    const tool = await openBackupTool({
      target,
      cwd,
      env,
      progress: noProgress,
      signal: new AbortController().signal,
    });
    const place = tool.defaultDirectory;
    try {
      const listed = listBackups(place, now);
      const whole = listed.filter(
        ({ manifest, problem }) => manifest?.source.database === tool.database && problem === '',
      );
      const broken = listed.filter(({ problem }) => problem !== '');
      const newest = whole[0]?.manifest;
      const sample = [
        newest === undefined || newest === null
          ? `none in ${place}`
          : `${plural(whole.length, 'backup')} in ${place}, the newest of v${newest.release}, ${age(newest.createdAt, now)} old: ${newest.file}`,
        ...broken.map(({ path, problem }) => `${path} cannot be restored: ${problem}`),
      ];
      return { count: broken.length, sample };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
      return { count: 0, sample: [`${place} cannot be read: ${errorText(error)}`] };
    }
  },
};

const DAY_MS = 86_400_000;

function age(createdAt: string, now: Date): string {
  const ms = now.getTime() - new Date(createdAt).getTime();
  return ms < 2 * DAY_MS ? duration(ms) : plural(Math.floor(ms / DAY_MS), 'day');
}
