/** The command a hint gives behind a colon, as in `To go on, run: mcpgw migrate`; empty where it gives none. */
export function commandIn(hint: string): string {
  return /: (mcpgw(?: --?[a-z-]+| [a-z-]+)(?: --?[a-z-]+(?: [a-z0-9.,-]*[a-z0-9])?)*)/.exec(hint)?.[1] ?? '';
}
