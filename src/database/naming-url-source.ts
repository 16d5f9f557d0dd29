import { GatewayError } from '../errors.ts';
import { mapParts, type Text } from '../report/advice.ts';
import { namingSource } from '../settings/naming-source.ts';

/** An error that blames DATABASE_URL, with what the URL really came from in its place (see `namingSource`). */
export function namingUrlSource(error: unknown, givenBy: string | undefined): unknown {
  // An error of a class of its own is for whoever knows that class.
  if (givenBy === undefined || !(error instanceof GatewayError) || error.constructor !== GatewayError) {
    return error;
  }
  const name = (words: string) => namingSource(words, givenBy);
  const namedIn = (text: Text) => mapParts(text, name);
  const { code, message, hint, details, cause, stack } = error;
  const named = new GatewayError(code, name(message), {
    hint: namedIn(hint),
    details: details.map(namedIn),
    cause,
  });
  if (stack !== undefined) named.stack = stack;
  return named;
}
