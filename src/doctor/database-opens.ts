import type { GatewayError } from '../errors.ts';
import type { OpenContext } from './context.ts';
import type { Examination } from './examination.ts';
import { type Examined, notExamined } from './examine.ts';

/** Passes by being reached; `doesNotOpen` is what it says otherwise. */
export const databaseOpens: Examination<OpenContext> = {
  id: 'database.open',
  title: 'The database opens',
  level: 'error',
  meaning: 'Nothing works before the database opens.',
  command: '',
  decisive: true,
  async find({ db }) {
    const { product, version } = db.dialect.server;
    return { count: 0, sample: [`${product} ${version}`] };
  },
};

/** The error that opening ended in, told as a finding. */
export function doesNotOpen(error: GatewayError): Examined {
  const { report } = notExamined(databaseOpens, error.hint);
  return {
    report: { ...report, status: 'failed', count: 1, findings: [error.message, ...error.details] },
    mend: null,
    decisive: true,
  };
}
