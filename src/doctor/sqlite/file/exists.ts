import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Findings, fine } from '../../../checks/check.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { shellWord } from '../../../report/shell-word.ts';
import { firstBytes, MAGIC } from '../../../salvage/index.ts';
import { folderInTheWay, toFindings } from './access-problem.ts';
import { fileCheck } from './file-check.ts';

export const fileExists = fileCheck({
  id: 'file.exists',
  title: 'The file is there',
  level: 'error',
  hint: 'There is no database where DATABASE_URL says. A relative path starts at the folder the program runs in, which may be another one than the gateway’s.',
  decisive: true,
  find(real, { target: { path } }) {
    let stats: Stats | undefined;
    try {
      stats = statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      return notReached(path, (error as NodeJS.ErrnoException).code ?? '');
    }
    if (stats === undefined) return missing(path);
    const kind = kindOf(stats);
    if (kind !== null) {
      return {
        ...one(`${path} is ${kind}, not a file`),
        hint: 'Point DATABASE_URL at the database file itself.',
        ...(stats.isDirectory() && suggestion(path)),
      };
    }
    return fine(`${path}${real === path ? '' : `, which is ${real}`}, ${byteSize(stats.size)}`);
  },
});

const one = (text: string, ...more: readonly string[]) => ({ count: 1, sample: [text, ...more] });

async function notReached(path: string, code: string): Promise<Findings> {
  if (code === 'ELOOP') return one(`${path} is a symbolic link that leads back to itself`);
  if (code === 'ENOTDIR') return one(`${path}: a part of the path is a file, not a folder`);
  const problem = (await folderInTheWay(path)) ?? (await folderInTheWay(leadsTo(path)));
  if (problem !== null) {
    return toFindings(problem, 'This user cannot even see whether the database is there.');
  }
  return one(`${path} cannot be looked at (${code})`);
}

/** Where a symbolic link leads, though it may not be followed. */
function leadsTo(path: string): string {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
}

function missing(path: string): Findings {
  const folder = dirname(path);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return one(`${path} is a symbolic link to ${readlinkSync(path)}, which is not there`);
  }
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
    return one(`${path} is not there, and neither is the folder ${folder}`);
  }
  const left = [`${path}-wal`, `${path}-journal`].flatMap((file) => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return size === 0 ? [] : [`${basename(file)} of ${byteSize(size)} is left without its database`];
  });
  const found = one(`there is no ${basename(path)} in ${folder}`, ...left);
  if (left.length === 0) return { ...found, ...suggestion(folder) };
  return {
    ...found,
    hint: 'What is left beside it holds data that is nowhere else: never delete it. Put the database back beside it under its old name before anything opens it, or restore a backup: mcpgw backup --list',
    command: 'mcpgw backup --list',
  };
}

/** A SQLite database right in a folder may be the one that was meant; only the first few files are looked at. */
function suggestion(folder: string): Pick<Findings, 'command'> {
  try {
    const other = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !/-(wal|shm|journal)$/.test(entry.name))
      .slice(0, 50)
      .map(({ name }) => join(folder, name))
      .find((file) => firstBytes(file, MAGIC.length).toString('latin1') === MAGIC);
    return other ? { command: `mcpgw doctor --database-url ${shellWord(`sqlite:///${other}`)}` } : {};
  } catch {
    return {};
  }
}

function kindOf(stats: Stats): string | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSocket()) return 'a socket';
  return stats.isFIFO() ? 'a pipe' : 'a device';
}
