import { advise, mcpgw, type Text } from '../report/advice.ts';
/** What to do before a repair where a salvage has set rows aside: a repair may remove what they belong to. */
export function setAsideWarnings(tables: readonly string[]): Text[] {
  return tables.map(
    (table) =>
      advise`Rows of a salvage wait in ${table}: bring back those you know before mcpgw fix deletes what points at them. Look at them with: ${mcpgw('doctor')}`,
  );
}
