import { type DoctorCheck, fine } from '../checks/check.ts';
import type { GatewayError } from '../errors.ts';
import { type Checked, notChecked } from './check-and-plan.ts';
import type { OpenContext } from './context.ts';

/** Passes by being reached; `doesNotOpen` is what it says otherwise. */
export const databaseOpens: DoctorCheck<OpenContext> = {
  id: 'database.open',
  title: 'The database opens',
  level: 'error',
  hint: 'Nothing works before the database opens.',
  decisive: true,
  async find({ db }) {
    const { product, version } = db.dialect.server;
    return fine(`${product} ${version}`);
  },
};

/** The error that opening ended in, told as a finding. */
export function doesNotOpen(error: GatewayError): Checked {
  const { report, ...checked } = notChecked(databaseOpens, error.hint);
  const findings = [error.message, ...error.details];
  return { ...checked, report: { ...report, status: 'failed', count: 1, findings }, decisive: true };
}
