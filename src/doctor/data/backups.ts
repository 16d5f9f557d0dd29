import { errorText } from '../../errors.ts';
import { plural } from '../../report/plural.ts';
import { backupsOf } from '../backups-of.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** The newest backup of this database where backups go unless `--backup-dir` says otherwise. */
export const backups: Examination<OpenContext> = {
  id: 'data.backups',
  title: 'Backups of this database',
  level: 'info',
  meaning: 'mcpgw migrate, fix and rollback take one before they write. Take one now with: mcpgw backup',
  async find(context) {
    try {
      const { place, whole, broken } = await backupsOf(context);
      const [newest] = whole;
      const sample = [
        newest === undefined
          ? `none in ${place}`
          : `${plural(whole.length, 'backup')} in ${place}, the newest of ${newest.facts}: ${newest.manifest.file}`,
        ...broken.map(({ path, problem }) => `${path} cannot be restored: ${problem}`),
      ];
      return { count: broken.length, sample };
    } catch (error) {
      const { code, path = 'the folder of backups' } = error as NodeJS.ErrnoException;
      if (code !== 'EACCES') throw error;
      return { count: 0, sample: [`${path} cannot be read: ${errorText(error)}`] };
    }
  },
};
