import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'lossless-json';
import { parseJson, type Value } from '../../database/value.ts';
import { errorText, GatewayError } from '../../errors.ts';
import { readProblem } from '../../files/read-small-file.ts';

/** As much JSON as fits into the memory that Node takes by default; 100,000 tools are half of it. */
const MOST_MIB = 256;

/**
 * The JSON of a file, or of standard input.
 *
 * @param path relative to `cwd`; `-` for standard input
 * @throws GatewayError USAGE: it cannot be read, is too large, or is no JSON
 */
export async function readJsonFile(path: string, cwd: string): Promise<Value> {
  const name = path === '-' ? 'Standard input' : path;
  const refusal = (what: string, advice = '') =>
    new GatewayError('USAGE', `${name} ${what}.`, { hint: `${advice} Nothing was changed.`.trim() });
  const chunks: Buffer[] = [];
  let room = MOST_MIB * 1024 * 1024;
  try {
    const file = resolve(cwd, path);
    if (path !== '-') room = (await stat(file)).size > room ? -1 : room;
    for await (const chunk of room < 0 ? [] : path === '-' ? process.stdin : createReadStream(file)) {
      room -= (chunk as Buffer).length;
      if (room < 0) break;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw refusal(`cannot be read: ${readProblem(error)}`);
  }
  if (room < 0)
    throw refusal(`has more than ${MOST_MIB} MiB, the most that is read`, 'Export a part at a time: --type.');
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return parseJson(text);
  } catch (error) {
    if (error instanceof RangeError) throw refusal('is nested too deep');
    if (error instanceof TypeError) throw refusal('is no text in UTF-8');
    // Where it goes wrong, without what is there: that may be a secret.
    const at = faultIn(text);
    const before = text.slice(0, at).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    if (at < text.length) throw refusal(`is no JSON: it goes wrong at ${place}`);
    throw refusal(
      `is cut off: its JSON has no end at ${place}`,
      'Export it again, or copy it again as a whole.',
    );
  }
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
