import { displayWidth } from './display-width.ts';

/**
 * Breaks one line of printable text at spaces into lines of at most `width` columns. A word longer than that
 * stays whole (`keep`: paths and URLs can still be copied) or is cut (`cut`: inside a table cell).
 * @returns at least one line
 */
export function wrap(text: string, width: number, longWords: 'keep' | 'cut' = 'keep'): string[] {
  if (displayWidth(text) <= width) return [text];
  return fill(
    text.split(' ').flatMap((word) => (longWords === 'cut' ? cut(word, width) : [word])),
    width,
  );
}

/** Joins words by spaces into lines of at most `width` columns. */
export function fill(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of words) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line !== undefined && displayWidth(longer) > width) {
      lines.push(line.trimEnd());
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line ?? ''];
}

function cut(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const char of word) {
    if (piece !== '' && displayWidth(piece + char) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += char;
  }
  return [...pieces, piece];
}
