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
