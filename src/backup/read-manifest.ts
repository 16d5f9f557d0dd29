import { readFileSync, statSync } from 'node:fs';
import { errorText, GatewayError } from '../errors.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** Room for the rows of a hundred thousand tables. */
const MOST_BYTES = 16 * 1024 * 1024;

/** @throws GatewayError FAILED when the file is no manifest, or not a whole one */
export function readManifest(path: string): Manifest {
  let data: unknown;
  try {
    const stats = statSync(path);
    // A pipe would be waited for.
    if (!stats.isFile() || stats.size > MOST_BYTES) throw new Error('it is no file of that kind and size');
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw notOurs(path, errorText(error), error);
  }
  const result = manifestSchema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw notOurs(path, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not readable'}`, result.error);
}

function notOurs(path: string, why: string, cause: unknown): GatewayError {
  return new GatewayError('FAILED', `${path} is not the manifest of a backup, or was cut short (${why}).`, {
    hint: advise`Look for whole backups: ${mcpgw('backup', '--list')}. Nothing was changed.`,
    cause,
  });
}
