import type { Check } from './model.ts';

/** What databases put into an expression of their own accord: casts, character sets, their way to say IN. */
const OWN_WORDS = /^(?:any|array|text|character|varying|in|_\w+)$/;

/** The words and constants of an expression, each once; of how they are put together only the names of operators. */
function wordsOf(expression: string): string {
  // MySQL keeps the quotes of constants with a backslash before them.
  const words = expression.replaceAll("\\'", "'").match(/'(?:[^']|'')*'|\w+/g) ?? [];
  const kept = words.map((word) => (word.startsWith("'") ? word : word.toLowerCase()));
  return [...new Set(kept.filter((word) => !OWN_WORDS.test(word)))].toSorted().join(' ');
}

/**
 * Whether two checks hold the same rule, as far as their words tell: each database spells a list of values in its
 * own way, and none loses or adds a word. A spelling that is taken for another rule is only replaced by ours.
 */
export function sameCheck(a: Pick<Check, 'expression'>, b: Pick<Check, 'expression'>): boolean {
  return wordsOf(a.expression) === wordsOf(b.expression);
}
