import { releaseSchema } from '../migrate/release-schema.ts';
import type { Text } from '../report/advice.ts';
import { columnOf } from '../schema/model.ts';
import { RUN_MIGRATE } from './no-admin.ts';

/** What brings back a column that is lost: a migration adds those of v0.7.0, and none that v0.6.0 had. */
export function missingColumnHint(table: string, column: string): Text {
  const v060 = releaseSchema('0.6.0');
  return columnOf(v060.get(table), column) === undefined ? RUN_MIGRATE : FROM_BACKUP;
}

const FROM_BACKUP = 'A column that v0.6.0 had is lost: restore a backup.';
