/** Whether a database itself said it, and not its driver or the way there. */
export function saidByServer(cause: unknown): boolean {
  // What only a server's own errors have: on PostgreSQL, and on MySQL.
  const { severity, sqlState } = (cause ?? {}) as { severity?: string; sqlState?: string };
  return severity !== undefined || sqlState !== undefined;
}
