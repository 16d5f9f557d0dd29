import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

export const DATA_EXAMINATIONS: readonly Examination<OpenContext>[] = [];
