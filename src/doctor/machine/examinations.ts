import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

export const MACHINE_EXAMINATIONS: readonly Examination<DoctorContext>[] = [];
