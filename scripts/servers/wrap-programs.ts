import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes `bin/<program>` for programs unpacked under `root`: a shell script that runs the program with the
 * libraries unpacked beside it, and with their own loader when there is one (a newer C library than the
 * machine's works only with the loader of the same build). Paths are relative, so the folder may move.
 *
 * @param folders where the programs are, relative to `root`
 */
export function wrapPrograms(
  root: string,
  programs: readonly string[],
  folders: readonly string[] = ['usr/sbin', 'usr/bin'],
): void {
  const libraries = ['usr/lib', 'lib'].flatMap((folder) => {
    const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
    return names.filter((name) => name.endsWith('-linux-gnu')).map((name) => `${folder}/${name}`);
  });
  const path = libraries.map((folder) => `$here/${folder}`).join(':');
  const loader = libraries
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .find((name) => /\/ld-linux[^/]*\.so\.\d+$/.test(name));
  mkdirSync(join(root, 'bin'), { recursive: true });
  for (const program of programs) {
    const target = folders
      .map((folder) => `${folder}/${program}`)
      .find((name) => existsSync(join(root, name)));
    if (target === undefined) throw new Error(`the packages hold no program ${program}`);
    const run =
      loader === undefined
        ? `LD_LIBRARY_PATH="${path}" exec "$here/${target}" "$@"`
        : `exec "$here/${loader}" --library-path "${path}" "$here/${target}" "$@"`;
    const script = join(root, 'bin', program);
    writeFileSync(script, `#!/bin/sh\nhere=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)\n${run}\n`);
    chmodSync(script, 0o755);
  }
}
