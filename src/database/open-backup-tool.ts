import type { BackupTool, BackupToolContext } from './backup-tool.ts';

/** The tool for a target; only that one is loaded. */
export async function openBackupTool(context: BackupToolContext): Promise<BackupTool> {
  const { target } = context;
  switch (target.dialect) {
    case 'sqlite':
      return (await import('./sqlite/backup-tool.ts')).sqliteBackupTool({ ...context, target });
    case 'postgresql':
      return (await import('./postgresql/backup.ts')).postgresqlBackupTool({ ...context, target });
    case 'mysql':
      return (await import('./mysql/backup.ts')).mysqlBackupTool({ ...context, target });
    default:
      return target satisfies never;
  }
}
