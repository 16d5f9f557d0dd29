import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUILT_PROGRAM, buildMcpgw } from '../../scripts/build.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ROOT = join(dirname(BUILT_PROGRAM), '..');
const NODE_MODULES = join(ROOT, 'node_modules');

export interface InstalledProgram {
  /** The folder that npm was called in. */
  readonly folder: string;
  /** What the command `mcpgw` leads to. */
  readonly program: string;
  /** Where that command is. */
  readonly bin: string;
  /** Takes a module away. */
  remove(module: string): void;
  /** Leaves all of a module but its native half: `--ignore-scripts`, no compiler, another Node.js. */
  breakNative(module: string): void;
}

/** What `npm install` makes of the package that `npm pack` makes, in a folder of its own and without a download. */
export async function installedProgram(): Promise<InstalledProgram> {
  if (!existsSync(BUILT_PROGRAM)) await buildMcpgw();
  const folder = temporaryFolder();
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'mcpgw');
  const bin = join(modules, '.bin');
  for (const each of [installed, bin, join(modules, '@node-rs')]) mkdirSync(each, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  const options = ['--ignore-scripts', '--silent', '--pack-destination', folder];
  const packed = spawnSync('npm', ['pack', ...options], { cwd: ROOT, encoding: 'utf8' });
  const file = join(folder, packed.stdout.trim());
  spawnSync('tar', ['-xzf', file, '--strip-components=1', '-C', installed]);
  const program = join(installed, 'dist/cli.js');
  symlinkSync('../mcpgw/dist/cli.js', join(bin, 'mcpgw'));
  for (const name of readdirSync(NODE_MODULES).filter((each) => /^[a-z]/.test(each))) {
    symlinkSync(join(NODE_MODULES, name), join(modules, name));
  }
  for (const name of readdirSync(join(NODE_MODULES, '@node-rs'))) {
    symlinkSync(join(NODE_MODULES, '@node-rs', name), join(modules, '@node-rs', name));
  }
  const remove = (module: string) => rmSync(join(modules, module), { recursive: true });
  return {
    folder,
    program,
    bin,
    remove,
    breakNative(module) {
      remove(module);
      const native = (path: string) => path.endsWith('.node');
      const skipped = (path: string) => native(path) || /\/(deps|src|obj|obj\.target)$/.test(path);
      cpSync(join(NODE_MODULES, module), join(modules, module), {
        recursive: true,
        filter: (path) => !skipped(path),
      });
    },
  };
}
