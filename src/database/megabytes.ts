import { Transform } from 'node:stream';
import type { Progress } from '../progress.ts';

/** Tells progress in whole megabytes; call what it returns with every piece's bytes. */
export function megabytes(progress: Progress): (bytes: number) => void {
  let seen = 0;
  let told = 0;
  return (bytes) => {
    seen += bytes;
    const whole = Math.floor(seen / 1e6);
    progress.advance(whole - told);
    told = whole;
  };
}

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
