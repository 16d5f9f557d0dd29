import type { DoctorCheck } from '../../checks/check.ts';
import { errorText, GatewayError } from '../../errors.ts';
import type { TargetContext } from '../context.ts';
import { trialOf } from './once.ts';

/** Milliseconds; beyond them every page of the gateway is felt to be slow. */
const SLOW_OPEN_MS = 1000;
const SLOW_READ_MS = 50;

const NONE = { count: 0, sample: [] };

const works: DoctorCheck<TargetContext> = {
  id: 'access.works',
  title: 'Two connections open, read, write and roll back',
  level: 'error',
  hint: 'The gateway could not work with this database: what failed here fails there.',
  command: '',
  decisive: true,
  async find(context) {
    try {
      const { writeMs } = await trialOf(context);
      if (writeMs !== null) return NONE;
      const skipped = 'there is no table alembic_version to write to; run: mcpgw migrate';
      return { ...NONE, skipped };
    } catch (error) {
      const hint = error instanceof GatewayError ? error.hint : undefined;
      return { count: 1, sample: [errorText(error)], ...(hint === undefined ? {} : { hint }) };
    }
  },
};

const reads: DoctorCheck<TargetContext> = {
  id: 'access.reads',
  title: 'Reading goes on while somebody writes',
  level: 'warning',
  hint: 'While one request writes, all others wait. On SQLite, WAL mode lets them read; on a server, somebody holds a lock on the whole table.',
  command: '',
  async find(context) {
    const { readsBesideWriter } = await trialOf(context);
    return readsBesideWriter ? NONE : { count: 1, sample: ['a reader was refused beside a writer'] };
  },
};

const locks: DoctorCheck<TargetContext> = {
  id: 'access.locks',
  title: 'A second writer waits for the first',
  level: 'error',
  hint: 'Two writers changed the same row at once, so the locks of this database or of its file system do not work. Do not migrate here: two runs could not keep out of each other’s way.',
  command: '',
  async find(context) {
    const { secondWriter } = await trialOf(context);
    return secondWriter === 'waited'
      ? NONE
      : { count: 1, sample: ['a second writer wrote to a row that the first had not let go'] };
  },
};

const latency: DoctorCheck<TargetContext> = {
  id: 'access.latency',
  title: 'The database answers fast',
  level: 'warning',
  hint: 'Each request of the gateway makes several queries, and a migration some hundred: what slows one of them down slows all. Look at the network and the load of the server.',
  command: '',
  async find(context) {
    const { openMs, readMs } = await trialOf(context);
    const sample = [
      ...(openMs > SLOW_OPEN_MS ? [`opening a connection took ${milliseconds(openMs)}`] : []),
      ...(readMs > SLOW_READ_MS ? [`reading a row took ${milliseconds(readMs)}`] : []),
    ];
    return { count: sample.length, sample };
  },
};

const times: DoctorCheck<TargetContext> = {
  id: 'access.times',
  title: 'How long things take',
  level: 'info',
  hint: '',
  command: '',
  async find(context) {
    const { openMs, readMs, writeMs } = await trialOf(context);
    const sample = [
      `opening a connection: ${milliseconds(openMs)}`,
      `reading a row: ${milliseconds(readMs)} (the median of 20)`,
      ...(writeMs === null ? [] : [`writing a row and rolling back: ${milliseconds(writeMs)}`]),
    ];
    return { ...NONE, sample };
  },
};

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

/** What `--access-test` adds. They open connections of their own. */
export const ACCESS_CHECKS: readonly DoctorCheck<TargetContext>[] = [works, reads, locks, latency, times];
