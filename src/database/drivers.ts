import type { DatabaseTarget } from '../settings/database-target.ts';
import type { OpenDatabase, OpenOptions } from './dialect.ts';

/** Opens a target with the driver of its database; only that one is loaded. */
export async function openDatabase(target: DatabaseTarget, options: OpenOptions): Promise<OpenDatabase> {
  switch (target.dialect) {
    case 'sqlite':
      return (await import('./sqlite/open.ts')).openSqlite(target, options);
    case 'postgresql':
      return (await import('./postgresql/open.ts')).openPostgresql(target, options);
    case 'mysql':
      return (await import('./mysql/open.ts')).openMysql(target, options);
    default:
      return target satisfies never;
  }
}
