import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Before the first gateway there was: a machine whose clock was never set. */
const FIRST_YEAR = 2024;
const LAST_YEAR = 2100;

/** Times go into the history, into backups' names and into new rows, and tokens are valid by them. */
export const clock: Examination<DoctorContext> = {
  id: 'machine.clock',
  title: 'The clock is set',
  level: 'warning',
  meaning:
    'New users, backups and the history get this time, backups are sorted by it, and TLS and tokens fail by it.',
  command: 'sudo timedatectl set-ntp true',
  async find({ now }) {
    const year = now.getUTCFullYear();
    const isWrong = !(year >= FIRST_YEAR && year < LAST_YEAR);
    return { count: isWrong ? 1 : 0, sample: [`it is ${now.toISOString().slice(0, 19)}Z`] };
  },
};
