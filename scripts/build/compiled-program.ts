import { join } from 'node:path';
import type * as Program from '../../src/run-program.ts';
import { compiledScript } from './compiled-script.ts';

/** The build's name for the bundle of `src/run-program.ts`. */
declare const MCPGW_PROGRAM: string;

/**
 * Stands for `src/run-program.ts` in the built program: Node 20 keeps nothing of what it compiles, and reading
 * and compiling the modules of a command took longer than all else it does before it connects.
 */
export const { runProgram } = compiledScript<typeof Program>(join(__dirname, MCPGW_PROGRAM)).exports;
