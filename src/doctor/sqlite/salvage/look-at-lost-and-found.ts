import { shellWord } from '../../../report/shell-word.ts';
import { LOST_AND_FOUND } from '../../../schema/set-aside.ts';

/** The command that shows the rows without a sure place. @param path of the database */
export function lookAtLostAndFound(path: string, table: string = LOST_AND_FOUND): string {
  return `sqlite3 ${shellWord(path)} ${shellWord(`SELECT * FROM ${table}`)}`;
}
