import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/servers/find-program.ts';
import type { DatabaseId } from './database-kinds.ts';

/** Where a client program of a test server is, and the folder of the others. */
export function realClient(id: DatabaseId, program: string): { real: string | undefined; clients: string } {
  const clients = process.env[`TEST_${id.toUpperCase()}_CLIENTS`] ?? '';
  const own = join(clients, program);
  return { real: existsSync(own) ? own : findProgram(program), clients };
}
