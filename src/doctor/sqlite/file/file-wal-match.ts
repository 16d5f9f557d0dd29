import { readWal } from '../../../database/sqlite/wal.ts';
import { shellWord } from '../../../report/shell-word.ts';
import type { FileExamination } from './file-examination.ts';
import { readHeader } from './header.ts';
import { realFile } from './real-file.ts';

export const fileWalMatch: FileExamination = {
  id: 'file.wal-match',
  title: 'The -wal file belongs to this database',
  level: 'error',
  meaning:
    'The database was put under the -wal of another one, as when a copy is restored by hand. Whoever opens it gets the other’s pages mixed into it: open it with nothing until the -wal file is moved away. Move it, do not delete it: it may hold what another database lacks.',
  command: '',
  decisive: true,
  async find({ target }) {
    const path = realFile(target);
    const header = readHeader(path);
    const wal = readWal(`${path}-wal`);
    if (header === null || wal === null || wal.committed === 0) return { count: 0, sample: [] };
    const sample: string[] = [];
    if (header.journal !== 'wal') {
      sample.push(
        `${path} is not in WAL mode, but ${path}-wal has ${wal.committed} pages that SQLite would take for its own`,
      );
    } else if (header.pageSize !== wal.pageSize) {
      sample.push(`${path} has pages of ${header.pageSize} bytes, ${path}-wal of ${wal.pageSize}`);
    }
    const word = shellWord(`${path}-wal`);
    return { count: sample.length, sample, command: `mv -n ${word} ${word}.of-another-database` };
  },
};
