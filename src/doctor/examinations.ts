import type { DatabaseTarget } from '../settings/database-target.ts';
import type { OpenContext, TargetContext } from './context.ts';
import type { Examination } from './examination.ts';

/** The examinations that belong to one kind of database, in the order in which they are made. */
export interface TargetExaminations<Target extends DatabaseTarget> {
  /** Groups `file` or `server`: without opening the database. */
  readonly outside: readonly Examination<TargetContext<Target>>[];
  /** Group `database`: inside of it. */
  readonly inside: readonly Examination<OpenContext<Target>>[];
}

/** Loads the examinations of a target; only those of its own database. */
export async function examinationsOf(target: DatabaseTarget): Promise<TargetExaminations<DatabaseTarget>> {
  switch (target.dialect) {
    case 'sqlite':
      return (await import('./sqlite/examinations.ts')).SQLITE_EXAMINATIONS;
    case 'postgresql':
      return (await import('./postgresql/examinations.ts')).POSTGRESQL_EXAMINATIONS;
    case 'mysql':
      return (await import('./mysql/examinations.ts')).MYSQL_EXAMINATIONS;
    default:
      return target satisfies never;
  }
}
