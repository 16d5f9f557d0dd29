import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild';
import { WRAPPER } from './compiled-script.ts';
import type { OutputText } from './install-output.ts';
import { leanModules } from './lean-modules.ts';
import { thirdPartyLicenses } from './third-party-licenses.ts';

export interface BuildInput {
  /** The project's folder. */
  readonly root: string;
  /** What `--version` says. */
  readonly version: string;
}

export interface BuiltProgram {
  /** Paths are relative to the output folder. */
  readonly files: readonly OutputText[];
  /** The path of the file that people start, which names the others. */
  readonly entry: string;
  /** The path of the script that every command but `--version` runs; it can have a code cache. */
  readonly script: string;
}

/** Optional, and tried by a driver inside a `try`. Native add-ons are loaded by `src/native-modules.ts`. */
const EXTERNAL = ['pg-native', 'pg-cloudflare', 'cloudflare:sockets'];
/** `--`: else Node takes `--env-file` for its own option, wherever it stands. */
const SHEBANG = '#!/usr/bin/env -S node --\n';

/**
 * Bundles the program in two parts, so that `--version` reads one small file and no driver: the entry, and a
 * script of everything else, whose modules run when a command first imports them.
 */
export async function buildProgram({ root, version }: BuildInput): Promise<BuiltProgram> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: EXTERNAL,
    // Names stay: a stack trace in a bug report is to be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  } as const satisfies BuildOptions;

  const commands = await build({
    ...common,
    entryPoints: ['src/run-program.ts'],
    // `import()` of an add-on would go through Node's loader of ES modules, which takes longer to the same end.
    supported: { 'dynamic-import': false },
    // pg asks for `Response` to tell where it runs, and Node 20 loads all of fetch() to answer.
    define: {
      MCPGW_VERSION: JSON.stringify(version),
      Response: 'undefined',
      'import.meta.url': 'module.filename',
    },
    plugins: [leanModules],
  });
  const text = WRAPPER.join(onlyText(commands.outputFiles));
  const script = `program-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.js`;

  const start = await build({
    ...common,
    entryPoints: ['src/cli.ts'],
    define: { MCPGW_VERSION: JSON.stringify(version), MCPGW_PROGRAM: JSON.stringify(script) },
    plugins: [compiled],
  });
  const entry = 'cli.js';
  const licenses = thirdPartyLicenses(root, [commands.metafile, start.metafile]);
  return {
    files: [
      { path: entry, text: SHEBANG + onlyText(start.outputFiles), executable: true },
      { path: script, text, executable: false },
      // Node starts a module of this kind in some ten milliseconds less than an ES module.
      { path: 'package.json', text: '{ "type": "commonjs" }\n', executable: false },
      { path: 'THIRD-PARTY-LICENSES.txt', text: licenses, executable: false },
    ],
    entry,
    script,
  };
}

/** The entry imports the commands; in the program that is the script of them, with its code cache. */
const compiled: Plugin = {
  name: 'compiled',
  setup({ onResolve }) {
    onResolve({ filter: /\/run-program\.ts$/ }, () => ({
      path: join(dirname(fileURLToPath(import.meta.url)), 'compiled-program.ts'),
    }));
  },
};

function onlyText(files: readonly OutputFile[]): string {
  const [file, ...others] = files;
  if (file === undefined || others.length > 0) throw new Error('the commands were to be one script');
  return file.text;
}
