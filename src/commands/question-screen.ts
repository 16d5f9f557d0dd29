/** Where questions are drawn. Some pseudo terminals have no width, which would put every letter on a line of its own. */
export function questionScreen(): NodeJS.WriteStream {
  process.stderr.columns ||= 80;
  return process.stderr;
}
