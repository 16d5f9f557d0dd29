import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { readCodeCache } from './code-cache.ts';

/** What a bundle of CommonJS is put into, so that running its script gives the function that runs it. */
export const WRAPPER = ['(function (exports, require, module) {', '})'] as const;

type Wrapped = (
  exports: object,
  require: NodeJS.Require,
  module: { readonly exports: object; readonly filename: string },
) => void;

export interface CompiledScript<Exports> {
  readonly script: Script;
  readonly exports: Exports;
}

/**
 * Runs a wrapped bundle (`WRAPPER`), with what V8 compiled of it before when that was kept.
 *
 * @param file its absolute path
 */
export function compiledScript<Exports>(file: string): CompiledScript<Exports> {
  // esbuild writes everything beyond ASCII as escapes; as one byte a letter it is read fastest.
  const source = readFileSync(file, 'latin1');
  const cachedData = readCodeCache(file);
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
  const module = { exports: {}, filename: file };
  (script.runInThisContext() as Wrapped)(module.exports, createRequire(file), module);
  return { script, exports: module.exports as Exports };
}
