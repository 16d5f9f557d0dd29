import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../errors.ts';
import { readProblem, readSmallFile } from '../files/read-small-file.ts';

/**
 * Reads a secret from a file; one newline at its end, which editors and `echo` add, is no part of it.
 *
 * @param path absolute
 * @throws GatewayError SECRET_FILE naming the file, never its content
 */
export function readSecretFile(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readSmallFile(path);
  } catch (error) {
    const rule = `the file ${path} cannot be read: ${readProblem(error)}`;
    throw secretFileError(rule, 'check its path and permissions', error);
  }
  if (!isUtf8(bytes))
    throw secretFileError(`the file ${path} is not UTF-8`, 'write the secret into it as text');
  const secret = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (secret === '') throw secretFileError(`the file ${path} is empty`, 'write the secret into it');
  return secret;
}

function secretFileError(rule: string, remedy: string, cause?: unknown): GatewayError {
  return new GatewayError('SECRET_FILE', rule, { hint: remedy, cause });
}
