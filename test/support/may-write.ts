/** Statements that write nothing: reads, transactions and locks by themselves, and settings of the session. */
const READS =
  /^\s*(SELECT\b|SHOW\b|BEGIN$|BEGIN .*READ ONLY$|BEGIN IMMEDIATE$|BEGIN ISOLATION LEVEL READ COMMITTED$|LOCK TABLE .* IN ACCESS SHARE MODE$|START TRANSACTION .*READ ONLY$|ROLLBACK$|SET (SESSION|TRANSACTION|LOCAL) |SET STATEMENT \S+ = \d+ FOR SELECT\b|PRAGMA busy_timeout\b)/i;

/** Whether a statement could write; unknown ones could. */
export function mayWrite(sql: string): boolean {
  return !READS.test(sql);
}
