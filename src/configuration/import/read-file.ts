import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'lossless-json';
import { parseJson, type Value } from '../../database/value.ts';
import { errorText, GatewayError } from '../../errors.ts';
import { readProblem } from '../../files/read-small-file.ts';

/** As much JSON as fits into the memory that Node takes by default; 100,000 tools are half of it. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * The JSON of a file, or of standard input.
 *
 * @param path relative to `cwd`; `-` for standard input
 * @param mostBytes tests have no time for large files
 * @throws GatewayError USAGE: it cannot be read, is too large, or is no JSON
 */
export async function readJsonFile(path: string, cwd: string, mostBytes = MOST_BYTES): Promise<Value> {
  const bytes = await readAll(path, cwd, mostBytes);
  const name = path === '-' ? 'Standard input' : path;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new GatewayError('USAGE', `${name} is no text in UTF-8.`, {
      hint: 'A configuration is a file of JSON, as mcpgw export or the gateway writes it. Nothing was changed.',
      cause,
    });
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(name) : noJson(name, text);
  }
}

async function readAll(path: string, cwd: string, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    const file = resolve(cwd, path);
    if (path !== '-' && (await stat(file)).size > mostBytes) throw tooLarge(path, mostBytes);
    let bytes = 0;
    for await (const chunk of path === '-' ? process.stdin : createReadStream(file)) {
      bytes += (chunk as Buffer).length;
      if (bytes > mostBytes) throw tooLarge(path, mostBytes);
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('USAGE', `${path} cannot be read: ${readProblem(cause)}.`, { cause });
  }
}

function tooLarge(path: string, mostBytes: number): GatewayError {
  const most = mostBytes / 1024 / 1024;
  return new GatewayError('USAGE', `${path} has more than ${most} MiB, the most that is read.`, {
    hint: 'Export a part at a time: --type, --only, --tag, --team. Nothing was changed.',
  });
}

function tooDeep(name: string): GatewayError {
  return new GatewayError('USAGE', `${name} is nested too deep.`, { hint: 'Nothing was changed.' });
}

/** Where it goes wrong, without what is there: that may be a secret. */
function noJson(name: string, text: string): GatewayError {
  const at = faultIn(text);
  const before = text.slice(0, at).split('\n');
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  if (at < text.length)
    return new GatewayError('USAGE', `${name} is no JSON: it goes wrong at ${place}.`, {
      hint: 'Nothing was changed.',
    });
  return new GatewayError('USAGE', `${name} is cut off: its JSON has no end at ${place}.`, {
    hint: 'Export it again, or copy it again as a whole. Nothing was changed.',
  });
}

/** The messages of `JSON.parse` do not say it on every Node. */
function faultIn(text: string): number {
  try {
    parse(text);
    return text.length;
  } catch (error) {
    return Number(/at position (\d+)$/.exec(errorText(error))?.[1] ?? text.length);
  }
}
