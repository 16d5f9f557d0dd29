import { type Check, CLEAN, type DoctorCheck, type Findings, fine, found } from '../../checks/check.ts';
import { perContext } from '../../checks/per-context.ts';
import { errorText, GatewayError } from '../../errors.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import type { TargetContext } from '../context.ts';
import { type Trial, tryAccess } from './trial.ts';

/** Milliseconds; beyond them every page of the gateway is felt to be slow. */
const SLOW_OPEN_MS = 1000;
const SLOW_READ_MS = 50;

/** The one trial that all checks of a run share. */
const trialOf = perContext(tryAccess);

const milliseconds = (value: number) => `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;

function ofTrial(
  check: Pick<Check, 'id' | 'title' | 'level' | 'hint' | 'decisive'>,
  judge: (trial: Trial) => Findings,
): DoctorCheck<TargetContext> {
  return { ...check, find: async (context) => judge(await trialOf(context)) };
}

const works = ofTrial(
  {
    id: 'access.works',
    title: 'Two connections open, read, write and roll back',
    level: 'error',
    hint: 'The gateway could not work with this database: what failed here fails there.',
    decisive: true,
  },
  ({ writeMs }) =>
    writeMs === null
      ? { ...CLEAN, skipped: advise`there is no table alembic_version to write to; run: ${mcpgw('migrate')}` }
      : CLEAN,
);

/** What `--access-test` adds. They open connections of their own. */
export const ACCESS_CHECKS: readonly DoctorCheck<TargetContext>[] = [
  {
    ...works,
    async find(context) {
      try {
        return await works.find(context);
      } catch (error) {
        return found([errorText(error)], error instanceof GatewayError ? { hint: error.hint } : {});
      }
    },
  },
  ofTrial(
    {
      id: 'access.reads',
      title: 'Reading goes on while somebody writes',
      level: 'warning',
      hint: 'While one request writes, all others wait. On SQLite, WAL mode lets them read; on a server, somebody holds a lock on the whole table.',
    },
    ({ readsBesideWriter }) => found(readsBesideWriter ? [] : ['a reader was refused beside a writer']),
  ),
  ofTrial(
    {
      id: 'access.locks',
      title: 'A second writer waits for the first',
      level: 'error',
      hint: 'The locks of this database or of its file system do not work. Do not migrate here: two runs could not keep out of each other’s way.',
    },
    ({ secondWriter }) =>
      found(
        secondWriter === 'waited' ? [] : ['a second writer wrote to a row that the first had not let go'],
      ),
  ),
  ofTrial(
    {
      id: 'access.latency',
      title: 'The database answers fast',
      level: 'warning',
      hint: 'Each request of the gateway makes several queries, and a migration some hundred. Look at the network and the load of the server.',
    },
    ({ openMs, readMs }) =>
      found([
        ...(openMs > SLOW_OPEN_MS ? [`opening a connection took ${milliseconds(openMs)}`] : []),
        ...(readMs > SLOW_READ_MS ? [`reading a row took ${milliseconds(readMs)}`] : []),
      ]),
  ),
  ofTrial(
    { id: 'access.times', title: 'How long things take', level: 'info', hint: '' },
    ({ openMs, readMs, writeMs }) =>
      fine(
        `opening a connection: ${milliseconds(openMs)}`,
        `reading a row: ${milliseconds(readMs)} (the median of 20)`,
        ...(writeMs === null ? [] : [`writing a row and rolling back: ${milliseconds(writeMs)}`]),
      ),
  ),
];
