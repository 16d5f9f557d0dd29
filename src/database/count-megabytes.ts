import { Transform } from 'node:stream';
import type { Progress } from '../progress.ts';
import { megabytes } from './megabytes.ts';

/** Tells progress in whole megabytes what flows through. */
export function countMegabytes(progress: Progress): Transform {
  const tell = megabytes(progress);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tell(chunk.length);
      done(null, chunk);
    },
  });
}
