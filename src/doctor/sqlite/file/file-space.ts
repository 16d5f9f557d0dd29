import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { byteSize } from '../../../report/byte-size.ts';
import type { FileExamination } from './file-examination.ts';
import { type FreeSpace, freeSpace } from './free-space.ts';
import { migrationBytes } from './migration-bytes.ts';
import { realFile } from './real-file.ts';

/** Journal, WAL, shm, and what SQLite puts aside. */
const FILES_NEEDED = 16;

export const fileSpace: FileExamination = {
  id: 'file.space',
  title: 'Its disk has room for a migration',
  level: 'error',
  meaning:
    'A migration writes up to the size of the database once more, as journal and as rebuilt tables. On a full disk it is taken back ("database or disk is full"). Make room first.',
  command: '',
  preflight: 'warn',
  async find({ target }) {
    const path = realFile(target);
    const folder = dirname(path);
    return judgeSpace(folder, freeSpace(await statfs(folder)), migrationBytes(path));
  },
};

/** @param needed bytes */
export function judgeSpace(folder: string, { bytes, files }: FreeSpace, needed: number) {
  const sample: string[] = [];
  if (bytes < needed) {
    sample.push(`${folder} has ${byteSize(bytes)} free; a migration may need ${byteSize(needed)}`);
  }
  if (files !== null && files < FILES_NEEDED) {
    sample.push(`${folder} has room for ${files} more files only (inodes: df -i)`);
  }
  const facts = [`${byteSize(bytes)} free, ${byteSize(needed)} needed at most`];
  return sample.length === 0 ? { count: 0, sample: facts } : { count: sample.length, sample };
}
