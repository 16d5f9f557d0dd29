import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface OutputText {
  /** Relative to the folder. */
  readonly path: string;
  readonly text: string;
  readonly executable: boolean;
}

/**
 * Puts a build in place so that a program started at any moment finds all its parts: chunks first (their names
 * hold a hash of their contents), the program in one rename after them, what is left of older builds last.
 *
 * @param program the path of the one file that names the others
 */
export function installOutput(folder: string, program: string, files: readonly OutputText[]): void {
  const ordered = [...files.filter((f) => f.path !== program), ...files.filter((f) => f.path === program)];
  for (const { path, text, executable } of ordered) {
    const to = join(folder, path);
    const draft = `${to}.${process.pid}.tmp`;
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(draft, text);
    if (executable) chmodSync(draft, 0o755);
    renameSync(draft, to);
  }
  const wanted = new Set(files.map((file) => file.path));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !wanted.has(path.slice(folder.length + 1))) rmSync(path);
  }
}
