import type { DoctorCheck } from '../../checks/check.ts';
import { dependentsOf } from '../../database/postgresql/dependents.ts';
import type { OpenContext } from '../context.ts';

/** What a restore of a backup that is made now would refuse. */
export const restoreDependents: DoctorCheck<OpenContext> = {
  id: 'database.restore-dependents',
  title: 'Backups hold everything that depends on the gateway’s tables',
  level: 'info',
  hint: 'A restore drops the gateway’s tables, and refuses while something outside of the backup depends on them.',
  preflight: 'warn',
  async find({ db }) {
    const drops = (await dependentsOf(db, ({ dumped }) => dumped))
      .filter(({ goes }) => !goes)
      .map(({ drop }) => `${drop};`);
    const told = `a restore would need what is outside of the backup dropped first: ${drops.join(' ')}`;
    const lines = drops.length === 0 ? [] : [told];
    return { count: 0, sample: lines, notes: lines };
  },
};
