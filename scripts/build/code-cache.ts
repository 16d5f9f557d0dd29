import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const DIGEST_BYTES = 32;

/**
 * What V8 compiled of a script, or undefined when there is none for this very Node. V8 looks at its version and
 * flags only, and trusts every byte: from a damaged cache, or one of the same version built otherwise, it would
 * crash or run something else. The digest before the data covers both.
 *
 * @param script absolute path; its name must change with its contents
 */
export function readCodeCache(script: string): Buffer | undefined {
  let file: Buffer;
  try {
    file = readFileSync(pathOf(script));
  } catch {
    return undefined;
  }
  const data = file.subarray(DIGEST_BYTES);
  return digestOf(data).equals(file.subarray(0, DIGEST_BYTES)) ? data : undefined;
}

/** Writes it for the Node that runs this, at once or not at all. */
export function writeCodeCache(script: string, data: Buffer): void {
  const path = pathOf(script);
  writeFileSync(`${path}.tmp`, Buffer.concat([digestOf(data), data]));
  renameSync(`${path}.tmp`, path);
}

function pathOf(script: string): string {
  return `${script}.${process.version}-${process.arch}.cache`;
}

function digestOf(data: Buffer): Buffer {
  return createHash('sha256').update(JSON.stringify(process.config)).update(data).digest();
}
