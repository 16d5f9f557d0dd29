import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** What `--access-test` adds. Each opens the connections it needs. */
export const ACCESS_EXAMINATIONS: readonly Examination<TargetContext>[] = [];
