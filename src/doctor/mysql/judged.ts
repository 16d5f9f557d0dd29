import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { factsOf, type MysqlFacts } from './facts.ts';

/** An examination that asks the server nothing of its own: `judge` sees only what is read for all of them. */
export interface JudgedExamination extends Examination<OpenContext<MysqlTarget>> {
  judge(facts: MysqlFacts): DoctorFindings;
}

export function judged(examination: Omit<JudgedExamination, 'find'>): JudgedExamination {
  return { ...examination, find: async (context) => examination.judge(await factsOf(context)) };
}
