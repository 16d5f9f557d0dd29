import { printable } from './printable.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * One line of text for Markdown prose or a table cell, shown as it is: no markup, no HTML, no new cell, and no
 * `@mention` or `#123` link on GitHub, which ignore backslashes and entities: a zero-width space breaks those.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/[&<>]/g, (char) => ENTITIES[char] ?? char)
    .replace(/#(?=\d)/g, '#&#8203;')
    .replace(/(^|[^\w.%+-])@(?=\w)/g, '$1@&#8203;')
    .replace(/^(\s*)([-+#=]|\d+[.)](?=\s|$))/, (_, space: string, marker: string) =>
      marker.length > 1 ? `${space}${marker.slice(0, -1)}\\${marker.slice(-1)}` : `${space}\\${marker}`,
    );
}

/**
 * One line of data as a code span: nothing in it is markup. The fence is longer than any run of backticks inside.
 * Not for table cells: bars would split them.
 */
export function markdownCode(text: string): string {
  const safe = printable(text);
  if (safe.trim() === '') return '';
  const runs = [...safe.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(0, ...runs) + 1);
  const space = runs.length > 0 || /^ .* $/.test(safe) ? ' ' : '';
  return `${fence}${space}${safe}${space}${fence}`;
}
