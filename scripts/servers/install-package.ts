import { findProgram } from './find-program.ts';
import { runProgram } from './run-program.ts';

/**
 * Installs one npm package, and no script of it, into `<folder>/node_modules`.
 *
 * @param spec with its exact version: `name@1.2.3`
 * @throws Error without npm, or with what npm says
 */
export async function installPackage(folder: string, spec: string): Promise<void> {
  const npm = findProgram('npm');
  if (npm === undefined) throw new Error('there is no npm');
  const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  await runProgram(npm, ['install', ...options, spec], { cwd: folder });
}
