import type { DoctorCheck, Findings, Repair } from '../../checks/check.ts';
import { realFile as fileBehindLinks } from '../../database/sqlite/processes.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import type { OpenContext, TargetContext } from '../context.ts';

export type FileContext = TargetContext<SqliteTarget>;
export type InsideContext = OpenContext<SqliteTarget>;

/**
 * Looks at the file from outside: SQLite does not open it. Not to be made while this process has a connection to it:
 * closing a file that was only read, too, takes away every POSIX lock the process has on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export type FileCheck = DoctorCheck<FileContext>;
/** Looks into the open database. */
export type InsideCheck = DoctorCheck<InsideContext>;

/** The same, with the place of the file looked up. */
interface PathCheck extends Omit<FileCheck, 'find' | 'repair'> {
  /** @param path the file behind symbolic links */
  find(path: string, context: FileContext): Findings | Promise<Findings>;
  repair?(path: string, context: FileContext): Repair | null | Promise<Repair | null>;
}

export function fileCheck({ find, repair, ...described }: PathCheck): FileCheck {
  return {
    ...described,
    find: async (context) => find(realFile(context.target), context),
    ...(repair && { repair: async (context) => repair(realFile(context.target), context) }),
  };
}

/** The file behind symbolic links. */
export const realFile = ({ path }: Pick<SqliteTarget, 'path'>): string => fileBehindLinks(path);
