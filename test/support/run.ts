import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropTemplates } from './template.ts';

/** Once for all test files: where they leave for each other what they have prepared; all of it goes in the end. */
export default function setup(): (() => Promise<void>) | undefined {
  // Every group of vitest.config.ts asks for it.
  if (process.env.TEST_RUN !== undefined) return undefined;
  const run = randomBytes(4).toString('hex');
  process.env.TEST_RUN = run;
  const folder = join(tmpdir(), `mcpgw-run-${run}`);
  mkdirSync(folder);
  return async () => {
    await dropTemplates();
    rmSync(folder, { recursive: true, force: true });
  };
}
