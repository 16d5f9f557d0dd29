import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import type { Examination } from '../../examination.ts';

/**
 * Looks at the file from outside: SQLite does not open it. Not to be made while this process has a connection to it:
 * closing a file that was only read, too, takes away every POSIX lock the process has on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export type FileExamination = Examination<TargetContext<SqliteTarget>>;
