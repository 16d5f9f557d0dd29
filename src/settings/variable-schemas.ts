import * as z from 'zod';

/**
 * Schemas from the text of a variable to its value. A message says the rule and what to do, and never the text,
 * which may be a secret in the wrong place.
 */
export const text = z.string();

/** Text, or null when it is empty. */
export const optionalText = z.string().transform((value) => (value === '' ? null : value));

/** A whole number, in the forms pydantic takes: `3`, ` 3 `, `+3`, `1_000`, `3.0`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  return z.string().transform((value, context) => {
    const trimmed = value.trim();
    const number = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/.test(trimmed)
      ? Number(trimmed.replaceAll('_', ''))
      : Number.NaN;
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
    return refuse(context, `it must be a whole number ${range}; write such a number or leave it unset`);
  });
}

const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y']);
const FALSE = new Set(['false', '0', 'no', 'off', 'f', 'n']);

/** The words pydantic takes for a boolean, in any case. */
export const yesOrNo = z.string().transform((value, context) => {
  const word = value.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  return refuse(context, 'it must be a yes or a no; write true or false');
});

/** One of a list of words, in any case; the value is the word as listed. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.string().transform((value, context): Word => {
    const wanted = value.trim().toLowerCase();
    const word = words.find((candidate) => candidate.toLowerCase() === wanted);
    return (
      word ?? refuse(context, `it must be one of ${words.join(' ')}; write one of them or leave it unset`)
    );
  });
}

/** Items as `a,b` or `["a","b"]`. */
export const list = z.string().transform((value, context): readonly string[] => {
  const trimmed = value.trim();
  if (!trimmed.startsWith('[')) return Object.freeze(trimmed.split(',').flatMap((item) => item.trim() || []));
  const items = z.array(z.string()).safeParse(parseJson(trimmed));
  if (items.success) return Object.freeze(items.data);
  return refuse(context, 'it must be a list of texts; write a,b or ["a","b"]');
});

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
