import { byteSize } from '../../../report/byte-size.ts';
import { readHeader } from '../file/header.ts';
import { realFile } from '../file/real-file.ts';
import { readFileLayout } from './file-layout.ts';
import type { InsideExamination } from './inside-examination.ts';

const AUTO_VACUUM = ['none', 'full', 'incremental'];
const USUAL_PAGE = 4_096;

export const databaseLayout: InsideExamination = {
  id: 'database.layout',
  title: 'Page size, encoding and auto-vacuum are the usual ones',
  level: 'info',
  meaning:
    'Everything works all the same. Small pages cost speed, and another encoding than UTF-8 costs room; both can only be changed by writing the file anew.',
  command: '',
  async find({ db, target }) {
    const { pageSize, pages, encoding, autoVacuum } = await readFileLayout(db);
    const unusual = [
      ...(pageSize < USUAL_PAGE ? [`pages have ${pageSize} bytes`] : []),
      ...(encoding === 'UTF-8' ? [] : [`texts are stored as ${encoding}`]),
    ];
    const facts = `${pages} pages of ${pageSize} bytes (${byteSize(pages * pageSize)}), ${encoding}, auto-vacuum ${AUTO_VACUUM[autoVacuum] ?? autoVacuum}`;
    return {
      count: unusual.length,
      sample: unusual.length > 0 ? unusual : [facts],
      command: `sqlite3 ${target.path} 'PRAGMA page_size = ${USUAL_PAGE}' VACUUM`,
    };
  },
};

export const databaseVersion: InsideExamination = {
  id: 'database.version',
  title: 'No newer SQLite than the one built in wrote the file',
  level: 'info',
  meaning:
    'A newer SQLite wrote the file last. Its format is the same, but its SQL may use what older programs do not know; keep the versions together where you can.',
  command: '',
  async find({ db, target }) {
    const writtenBy = readHeader(realFile(target))?.writtenBy ?? '';
    const { version } = db.dialect.server;
    const isNewer = compareVersions(writtenBy, version) > 0;
    return { count: isNewer ? 1 : 0, sample: [`written by SQLite ${writtenBy}, built in is ${version}`] };
  },
};

function compareVersions(a: string, b: string): number {
  const [x, y] = [a.split('.').map(Number), b.split('.').map(Number)];
  const place = x.findIndex((part, i) => part !== y[i]);
  return place < 0 ? 0 : (x[place] ?? 0) - (y[place] ?? 0);
}
