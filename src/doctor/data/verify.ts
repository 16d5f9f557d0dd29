import { isProblem } from '../../checks/run-check.ts';
import { plural } from '../../report/plural.ts';
import type { CheckReport } from '../../report/report.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { lostAndFoundIn } from './lost-and-found.ts';
import { STATE_UNKNOWN, stateOf } from './state-of.ts';
import { verified } from './verified.ts';

/** What its links point at may be among the rows that a salvage could not place: those come back first. */
const DELETES_LINKS = 'foreign-keys.dangling';

/** What `mcpgw verify` would fail with, in a line for each check. */
export const verify: Examination<OpenContext> = {
  id: 'data.verify',
  title: 'Data at v0.7.0 passes mcpgw verify',
  level: 'error',
  meaning: 'The gateway’s data is not as v0.7.0 wants it. See every row with: mcpgw verify',
  onlyAt: '0.7.0',
  async find(context) {
    if ((await stateOf(context)) === null) return STATE_UNKNOWN;
    const result = await verified(context);
    if (result === null) return { count: 0, sample: ['not at v0.7.0 yet'] };
    const bad = result.reports.filter(isProblem);
    if (bad.length === 0) return { count: 0, sample: [`${plural(result.reports.length, 'check')} passed`] };
    const [lost] = bad.some(({ id }) => id === DELETES_LINKS) ? lostAndFoundIn(context) : [];
    // What verify sends to the doctor for is found beside this.
    const next = result.next === 'mcpgw doctor' ? '' : result.next;
    const command = lost?.look ?? (next || 'mcpgw verify');
    return { count: bad.length, sample: bad.map(lineOf), command };
  },
};

/** The same for what it only warns about. */
export const verifyWarnings: Examination<OpenContext> = {
  id: 'data.verify-warnings',
  title: 'mcpgw verify has no warnings',
  level: 'warning',
  meaning:
    'The gateway works with data like this, but somebody may not be able to log in, or to see a resource.',
  command: 'mcpgw verify',
  onlyAt: '0.7.0',
  async find(context) {
    if ((await stateOf(context)) === null) return STATE_UNKNOWN;
    const warned = ((await verified(context))?.reports ?? []).filter(({ status }) => status === 'warned');
    return { count: warned.length, sample: warned.map(lineOf) };
  },
};

function lineOf({ id, status, count, findings, hint }: CheckReport): string {
  if (status === 'skipped' || status === 'errored') return `${id}: ${hint}`;
  const [first = ''] = findings;
  return `${id}: ${count === 1 ? first : `${plural(count, 'finding')}, the first: ${first}`}`;
}
