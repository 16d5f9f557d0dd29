/** What to do before a repair where a salvage has set rows aside: a repair may remove what they belong to. */
export function setAsideWarnings(tables: readonly string[]): string[] {
  return tables.map(
    (table) =>
      `Rows of a salvage wait in ${table}: bring back those you know before mcpgw fix deletes what points at them. mcpgw doctor shows them.`,
  );
}
