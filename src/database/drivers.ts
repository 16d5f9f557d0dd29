import type { DatabaseTarget } from '../settings/database-target.ts';
import type { OpenDatabase, OpenOptions } from './dialect.ts';
import { mysqlLocation, postgresqlLocation } from './server-location.ts';

/** Opens a target with the driver of its database; only that one is loaded. */
export async function openDatabase(target: DatabaseTarget, options: OpenOptions): Promise<OpenDatabase> {
  switch (target.dialect) {
    case 'sqlite':
      return (await import('./sqlite/open.ts')).openSqlite(target, options);
    case 'postgresql': {
      const { openPostgresql } = await import('./postgresql/open.ts');
      const { openRightServer } = await import('./right-server.ts');
      const open = (server: OpenOptions) => openPostgresql(target, server);
      return openRightServer(postgresqlLocation(target), 'postgresql', options, open);
    }
    case 'mysql': {
      const { openMysql } = await import('./mysql/open.ts');
      const { openRightServer } = await import('./right-server.ts');
      const open = (server: OpenOptions) => openMysql(target, server);
      return openRightServer(mysqlLocation(target), 'mysql', options, open);
    }
    default:
      return target satisfies never;
  }
}
