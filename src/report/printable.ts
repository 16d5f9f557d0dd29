import type { Text } from './advice.ts';

/**
 * What a terminal or a web page acts on or hides instead of showing: control characters (ESC, newline), format
 * characters (bidi overrides, zero-width), line separators, lone surrogates, blank "letters", noncharacters.
 */
export const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text or emoji presentation of the character before: common in real names, and harmless. */
const PRESENTATION = ['\ufe0e', '\ufe0f'];

/**
 * Makes text that may come from a database safe to print on one line: every character that would be interpreted
 * or hidden becomes visible (`\n`, `\x1b`, `\u{202e}`); all others stay as they are.
 */
export function printable(text: Text): string {
  return `${text}`.replace(UNSAFE, (char) => {
    if (PRESENTATION.includes(char)) return char;
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return SHORT[char] ?? (code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
  });
}
