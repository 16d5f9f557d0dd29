import { basename, join } from 'node:path';
import { build, type Metafile, type OutputFile } from 'esbuild';
import { installOutput } from './install-output.ts';
import { leanModules } from './lean-modules.ts';
import { thirdPartyLicenses } from './third-party-licenses.ts';

export interface BuildInput {
  /** The project's folder: names in the metafile are relative to it. */
  readonly root: string;
  /** Absolute path of the program's first module. */
  readonly entry: string;
  readonly outputFolder: string;
  /** What `--version` says. */
  readonly version: string;
}

/** Native add-ons cannot be bundled; the others are optional and tried by a driver inside a `try`. */
const EXTERNAL = [
  'better-sqlite3',
  'bcrypt',
  '@node-rs/argon2',
  'pg-native',
  'pg-cloudflare',
  'cloudflare:sockets',
];

/** esbuild leaves `require` of Node's own modules in bundled CommonJS packages, and ES modules have none. */
const REQUIRE =
  "import{createRequire as createRequire__}from'node:module';const require=createRequire__(import.meta.url);\n";
const SHEBANG = '#!/usr/bin/env node\n';

/**
 * Bundles the program: the entry under its own name with `.js`, and beside it a chunk for everything that is
 * imported lazily, so that `--version` reads one small file and no driver.
 *
 * @returns what went into each output, with the paths of the outputs relative to the folder
 */
export async function buildProgram(input: BuildInput): Promise<Metafile> {
  const { root, entry, outputFolder, version } = input;
  const result = await build({
    absWorkingDir: root,
    entryPoints: { [basename(entry, '.ts')]: entry },
    outdir: outputFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    chunkNames: 'chunks/[name]-[hash]',
    // Names stay: a stack trace in a bug report is to be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // pg asks for `Response` to tell where it runs, and Node 20 loads all of fetch() to answer.
    define: { MCPGW_VERSION: JSON.stringify(version), Response: 'undefined' },
    plugins: [leanModules],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const program = `${basename(entry, '.ts')}.js`;
  const files = result.outputFiles.map((file) => {
    const path = file.path.slice(outputFolder.length + 1);
    return { path, text: prepared(file, path === program), executable: path === program };
  });
  const licenses = thirdPartyLicenses(root, result.metafile);
  installOutput(outputFolder, program, [
    ...files,
    { path: 'THIRD-PARTY-LICENSES.txt', text: licenses, executable: false },
  ]);
  return relativeTo(result.metafile, root, outputFolder);
}

function prepared(file: OutputFile, isProgram: boolean): string {
  const shebang = file.text.startsWith('#!') ? file.text.slice(0, file.text.indexOf('\n') + 1) : '';
  const body = file.text.slice(shebang.length);
  // Only where it is used: every module that the entry loads costs start-up time.
  const require = /\brequire\b/.test(body) ? REQUIRE : '';
  return (isProgram ? SHEBANG : '') + require + body;
}

function relativeTo(metafile: Metafile, root: string, folder: string): Metafile {
  const shorten = (path: string) => {
    const absolute = join(root, path);
    return absolute.startsWith(`${folder}/`) ? absolute.slice(folder.length + 1) : path;
  };
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => [
    shorten(path),
    {
      ...output,
      imports: output.imports.map((i) => ({ ...i, path: i.external ? i.path : shorten(i.path) })),
    },
  ]);
  return { ...metafile, outputs: Object.fromEntries(outputs) };
}
