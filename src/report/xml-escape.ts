import { printable } from './printable.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * One line of text for XML 1.0 content or a quoted attribute. Characters XML forbids even as references (most
 * controls, lone surrogates, U+FFFE) become visible first, as do line breaks, which attributes would lose.
 */
export function xmlEscape(text: string): string {
  return printable(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
