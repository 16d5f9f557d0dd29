import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

export const SETTINGS_EXAMINATIONS: readonly Examination<DoctorContext>[] = [];
