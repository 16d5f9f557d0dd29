import { freemem, totalmem } from 'node:os';
import { byteSize } from '../../report/byte-size.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

const MB = 1e6;
/** What a migration takes besides the hash; measured, it does not grow with the database. */
const RUN_BYTES = 128 * MB;

/** The hash of the administrator's password takes memory by design, and is killed where there is none. */
export const memory: Examination<DoctorContext> = {
  id: 'machine.memory',
  title: 'There is memory for a migration',
  level: 'warning',
  meaning:
    'A migration may be killed for want of memory, most likely while it hashes the administrator’s password (ARGON2ID_MEMORY_COST). Nothing is lost by that; give it more memory, or stop other programs.',
  command: '',
  async find({ inspected: { settings } }) {
    const available = availableBytes();
    const needed = RUN_BYTES + settings.argon2idMemoryCost * 1024;
    const sample = [`${byteSize(available)} available, about ${byteSize(needed)} needed`];
    return { count: available < needed ? 1 : 0, sample };
  },
};

/** Within the limit of the container, where there is one. */
function availableBytes(): number {
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < totalmem();
  return isLimited ? Math.min(freemem(), limit - process.memoryUsage.rss()) : freemem();
}
