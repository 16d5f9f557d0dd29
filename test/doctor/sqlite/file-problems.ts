import type { DoctorAnswer } from '../../support/doctor.ts';

/** Ids of the group `file` that are no pass. */
export function fileProblems({ problems }: Pick<DoctorAnswer, 'problems'>): readonly string[] {
  return problems.filter((id) => id.startsWith('file.'));
}
