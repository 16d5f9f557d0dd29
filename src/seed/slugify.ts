/**
 * The slug of a name as the gateway makes it (COMPATIBILITY §4): lower case, no apostrophe between word
 * characters, runs of anything that is no letter or digit become `separator`, trimmed, then ASCII only.
 */
export function slugify(text: string, separator: string): string {
  const joined = text.toLowerCase().replaceAll(/([\p{L}\p{N}\p{M}_])'([\p{L}\p{N}\p{M}_])/gu, '$1$2');
  const runs = joined.replaceAll(/[^\p{L}\p{N}]+/gu, separator);
  const trimmed = trim(runs, separator);
  return trimmed
    .replaceAll('æ', 'ae')
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .normalize('NFKD')
    .replaceAll(/[^\0-\x7f]/g, '');
}

/** Python's `str.strip(characters)`. */
function trim(text: string, characters: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && characters.includes(text[from] ?? '')) from++;
  while (to > from && characters.includes(text[to - 1] ?? '')) to--;
  return text.slice(from, to);
}
