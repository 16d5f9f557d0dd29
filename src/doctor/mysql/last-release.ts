import { lastReleaseLines } from '../../database/last-release.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** How far the gateway goes with this kind of database: no fault of it. */
export const lastRelease: Examination<OpenContext<MysqlTarget>> = {
  id: 'database.last-release',
  title: 'Releases of the gateway that run here',
  level: 'info',
  meaning: '',
  command: '',
  async find({ db }) {
    const sample = lastReleaseLines(db.dialect);
    return { count: sample.length, sample };
  },
};
