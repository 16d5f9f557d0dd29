/** Characters that the column holds. */
const LONGEST = 255;

/**
 * `tools.display_name` as v0.7.0 of the gateway makes it from a name: runs of `_ - .` become a space, white
 * space collapses, then title case as Python's `str.title()` does it (COMPATIBILITY §2). At most 255
 * characters, what the column holds.
 */
export function displayName(customName: string | null, originalName: string | null): string {
  const name = customName === null || customName === '' ? (originalName ?? '') : customName;
  if (ASCII.test(name)) return asciiDisplayName(name);
  const words = name
    .replaceAll(/[_\-.]+/g, ' ')
    .split(PYTHON_SPACE)
    .filter((word) => word !== '');
  return [...titleCase(words.join(' '))].slice(0, LONGEST).join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are part of it
const ASCII = /^[\x00-\x7f]*$/;

/**
 * The same for the names nearly all tools have. Called for every row of a SQLite database while it is copied,
 * it takes a tenth of the time of the general way.
 */
function asciiDisplayName(name: string): string {
  let result = '';
  let afterLetter = false;
  let gap = false;
  for (let i = 0; i < name.length && result.length < LONGEST; i++) {
    const code = name.charCodeAt(i);
    const isSpace = code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
    if (isSpace || code === 0x5f || code === 0x2d || code === 0x2e) {
      gap = result !== '';
      afterLetter = false;
      continue;
    }
    if (gap) result += ' ';
    gap = false;
    const isUpper = code >= 0x41 && code <= 0x5a;
    const isLower = code >= 0x61 && code <= 0x7a;
    if (isLower && !afterLetter) result += String.fromCharCode(code - 0x20);
    else if (isUpper && afterLetter) result += String.fromCharCode(code + 0x20);
    else result += name[i];
    afterLetter = isUpper || isLower;
  }
  return result.slice(0, LONGEST);
}

/** What Python's `str.split()` splits at, which has the four separators U+001C–1F and no U+FEFF. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
const PYTHON_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Letters whose title case is neither themselves nor their upper case. */
const TITLE_CASE = new Map([
  ...['Ǆǅǆ', 'Ǉǈǉ', 'Ǌǋǌ', 'Ǳǲǳ'].flatMap(
    (three) => [...three].map((c) => [c, three[1] ?? c]) as [string, string][],
  ),
  ['ŉ', 'ʼN'],
]);

/** Python's `str.title()`: a cased letter after one that is not cased becomes title case, every other lower. */
function titleCase(text: string): string {
  let result = '';
  let afterCased = false;
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    if (!afterCased) result += toTitle(character);
    else if (character === 'Σ') result += isFinalSigma(characters, i) ? 'ς' : 'σ';
    else result += character.toLowerCase();
    afterCased = /\p{Cased}/u.test(character);
  }
  return result;
}

function toTitle(character: string): string {
  const special = TITLE_CASE.get(character);
  if (special !== undefined) return special;
  // Georgian has capitals (Mtavruli) but no title case.
  if (/[\u10d0-\u10ff]/u.test(character)) return character;
  // Greek letters with an iota subscript have capitals of their own, which keep the iota beside them.
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  if (code === 0x1fbc || code === 0x1fcc || code === 0x1ffc) return character;
  const [first = '', ...rest] = character.toUpperCase();
  return first + rest.join('').toLowerCase();
}

/**
 * Unicode's Final_Sigma: a cased letter stands before and none after, whatever case-ignorable characters
 * stand between.
 */
function isFinalSigma(characters: readonly string[], at: number): boolean {
  const nearest = (others: readonly string[]) => others.find((c) => !/\p{Case_Ignorable}/u.test(c)) ?? '';
  const before = nearest(characters.slice(0, at).reverse());
  const after = nearest(characters.slice(at + 1));
  return /\p{Cased}/u.test(before) && !/\p{Cased}/u.test(after);
}
