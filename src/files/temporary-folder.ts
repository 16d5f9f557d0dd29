import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText, GatewayError } from '../errors.ts';

/** Makes a folder for files that are gone when the work is done, for this user alone. */
export function temporaryFolder(): string {
  return makeTemporary(() => mkdtempSync(join(tmpdir(), 'mcpgw-')));
}

/**
 * Makes something among the temporary files.
 *
 * @throws GatewayError PREFLIGHT naming TMPDIR, where nothing can be made there
 */
export function makeTemporary<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const why = errorText(error).replace(/, \w+ '.*$/, '');
    throw new GatewayError('PREFLIGHT', `Temporary files cannot be made in ${tmpdir()}: ${why}.`, {
      hint: 'Set TMPDIR to a folder that is there and writable. Nothing was changed.',
      cause: error,
    });
  }
}
