/**
 * Whether the command that mends a finding is for the database's client instead of a shell: statements begin with
 * a word in capitals, programs do not.
 */
export function isSql(command: string): boolean {
  return /^[A-Z]+ /.test(command);
}
