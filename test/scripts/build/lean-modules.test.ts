import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { leanModules } from '../../../scripts/build/lean-modules.ts';

const require = createRequire(import.meta.url);
const mysql2 = dirname(require.resolve('mysql2/package.json'));

async function bundled(entry: string, plugins: readonly (typeof leanModules)[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
    plugins: [...plugins],
  });
  return outputFiles[0]?.text ?? '';
}

function evaluated(script: string): Readonly<Record<string, unknown>> {
  const module = { exports: {} };
  new Function('module', 'exports', 'require', script)(module, module.exports, require);
  return module.exports;
}

describe('leanModules', () => {
  it('keeps every name and code of the errors', async () => {
    const file = join(mysql2, 'lib/constants/errors.js');
    const entry = join(mysql2, 'index.js');
    const [lean, whole] = await Promise.all([bundled(entry, [leanModules]), bundled(entry, [])]);
    expect(lean.length).toBeLessThan(whole.length / 2);

    const wanted = evaluated(readFileSync(file, 'utf8'));
    const rewritten = evaluated(
      /"[^"]*constants\/errors\.js"\(exports2?\) \{([\s\S]*?)\n {2}\}\n\}\);/
        .exec(lean)?.[1]
        ?.replaceAll('exports2', 'exports') ?? '',
    );
    expect(Object.keys(wanted).length).toBeGreaterThan(3000);
    expect(rewritten).toEqual(wanted);
  });

  it('fails the build when a module that it rewrites is not there', async () => {
    await expect(bundled(join(mysql2, 'lib/constants/errors.js'), [leanModules])).rejects.toThrow(
      'no module',
    );
  });
});
