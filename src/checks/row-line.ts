/** A row in a finding: `tools 3f2a “weather”: no owner`. */
export function rowLine(table: string, id: unknown, label: string | null, problem: string): string {
  return `${table} ${id}${label === null || label === '' ? '' : ` “${label}”`}: ${problem}`;
}
