import { cpus, release, type } from 'node:os';
import { plural } from '../../report/plural.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** What a person who helps from afar asks first. */
export const platform: Examination<DoctorContext> = {
  id: 'machine.platform',
  title: 'The machine and the user',
  level: 'info',
  meaning: 'What this runs on.',
  command: '',
  async find() {
    const sample = [`${type()} ${release()}, ${process.arch}, ${plural(cpus().length, 'core')}`];
    const user = process.getuid?.();
    if (user === 0) sample.push('user 0 (root): files it makes, such as backups, are root’s, too');
    else if (user !== undefined) sample.push(`user ${user}, group ${process.getgid?.()}`);
    if (process.platform === 'darwin') {
      sample.push(
        'macOS: a shell may open 256 files (ulimit -n 4096), and keeps programs out of some folders',
      );
    }
    return { count: 0, sample };
  },
};
