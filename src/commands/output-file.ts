import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorText, GatewayError } from '../errors.ts';

/**
 * Makes sure a report can be written before anything else is done, and returns what writes it. The file
 * appears whole or not at all, readable by its owner only.
 */
export function openOutput(path: string, cwd: string): (text: string) => void {
  const file = resolve(cwd, path);
  const draft = `${file}.${process.pid}.tmp`;
  let handle: number;
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder');
    handle = openSync(draft, 'wx', 0o600);
  } catch (error) {
    throw new GatewayError('OUTPUT', `The report cannot be written to ${path}: ${reason(error)}.`, {
      hint: 'Give --output a file in a folder that exists and is writable. Nothing was changed.',
      cause: error,
    });
  }
  return (text) => {
    writeSync(handle, text);
    closeSync(handle);
    renameSync(draft, file);
  };
}

/** Node's own words, without the name of the draft that nobody asked for. */
function reason(error: unknown): string {
  return errorText(error).replace(/, open '.*$/, '');
}
