/**
 * The error lines of a gateway's log, without what differs from run to run: times, addresses, ids, numbers. Two runs
 * that went wrong in the same way give the same lines.
 */
export function errorsOf(log: string): string[] {
  const lines = log
    .split('\n')
    .filter((line) => /\b(ERROR|CRITICAL)\b/.test(line) || /^\w+(\.\w+)*(Error|Exception)\b/.test(line))
    .map((line) =>
      line
        .replace(/^.*? - (?=\S+ - (ERROR|CRITICAL))/, '')
        .replaceAll(/0x[0-9a-f]+|\b[0-9a-f]{32}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
        .replaceAll(/\d+/g, '<n>'),
    );
  return [...new Set(lines)].toSorted();
}
