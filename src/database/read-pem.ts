import { errorText, GatewayError } from '../errors.ts';
import { readSmallFile } from '../files/read-small-file.ts';

/** The text of a file with certificates or a key. @throws GatewayError URL naming the parameter */
export function readPem(parameter: string, path: string): string {
  const unusable = (what: string, cause?: unknown) =>
    new GatewayError('URL', `The file that ${parameter} in DATABASE_URL names ${what}.`, {
      hint: 'Correct the path, or let this user read the file. Nothing was changed.',
      cause,
    });
  let text: string;
  try {
    text = readSmallFile(path).toString('utf8');
  } catch (error) {
    throw unusable(`cannot be read: ${errorText(error)}`, error);
  }
  if (!text.includes('-----BEGIN ')) throw unusable(`is no PEM file: ${path}`);
  return text;
}
