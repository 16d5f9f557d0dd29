import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorCheck } from '../../checks/check.ts';
import { postgresqlLocation } from '../../database/postgresql/location.ts';
import { inMegabytes } from '../../report/in-megabytes.ts';
import { isLocal } from '../server/network.ts';
import { type PostgresqlContext, type SessionFacts, sessionFacts, tableFacts } from './facts.ts';

/** What the server writes besides: log of the transaction, sorting. */
const RESERVE_BYTES = 64_000_000;

/**
 * Whether the server's disk has room for the migration: for new indexes, and at the very worst for every table
 * once more, when its rows are written. Seen only where the server's folder is on this machine and readable.
 */
export const space: DoctorCheck<PostgresqlContext> = {
  id: 'database.space',
  title: 'The disk of the server has room for the migration',
  level: 'error',
  hint: 'The migration may need more than is free. PostgreSQL then takes it back as a whole, and other databases of this server stop writing meanwhile.',
  async find(context) {
    const facts = await sessionFacts(context);
    const bytes = (await tableFacts(context)).reduce((sum, table) => sum + table.bytes, 0);
    const needed = bytes + RESERVE_BYTES;
    const sizes = `database ${inMegabytes(facts.databaseBytes)}, tables ${inMegabytes(bytes)}; the migration needs ${inMegabytes(needed)} at most`;
    const folder = dataFolder(context, facts);
    if (folder === null) {
      return { count: 0, sample: [sizes, 'what is free on the server cannot be seen from here'] };
    }
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return {
      count: free < needed ? 1 : 0,
      sample: [sizes, `${folder} has ${inMegabytes(free)} free`],
      hint: 'Make room on that disk before the migration.',
      command: `df -h ${folder}`,
    };
  },
};

/** A folder of that name here may belong to another server: the file in it that names the port tells. */
function dataFolder({ target }: PostgresqlContext, { settings }: SessionFacts): string | null {
  const folder = settings.data_directory?.value ?? null;
  if (folder === null || !isLocal(postgresqlLocation(target))) return null;
  try {
    // PostgreSQL, src/include/utils/pidfile.h: the fourth line is the port.
    const port = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[3];
    return port === settings.port?.value ? folder : null;
  } catch {
    return null;
  }
}
