import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { megabytes } from '../megabytes.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import type { MysqlBackupContext } from './clients.ts';
import { DumpDefiners } from './dump-definers.ts';
import { DumpRows } from './dump-rows.ts';

export interface ReadDump extends Pick<DumpRows, 'rows' | 'complete'>, Pick<DumpDefiners, 'defined'> {}

/** Unpacks a dump, counts its rows, and finds what it makes in the name of accounts. */
export async function readDump(
  { progress, signal }: Pick<MysqlBackupContext, 'progress' | 'signal'>,
  file: string,
): Promise<ReadDump> {
  progress.start('Checking the backup (MB of SQL)');
  const [counter, definers] = [new DumpRows(), new DumpDefiners()];
  const tell = megabytes(progress);
  await pipeline(createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      refuseWhenStopped(signal);
      counter.add(chunk);
      definers.add(chunk);
      tell(chunk.length);
    }
  });
  return { rows: counter.rows, complete: counter.complete, defined: definers.defined };
}
