import { statSync } from 'node:fs';
import { firstBytes } from '../../../database/sqlite/first-bytes.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { damageFindings } from '../damage-findings.ts';
import type { FileExamination } from './file-examination.ts';
import { judgeContent } from './judge-content.ts';
import { realFile } from './real-file.ts';

/** Enough to tell random bytes from others, and the whole of the first page as a rule. */
const LOOKED_AT = 4_096;

export const fileSqlite: FileExamination = {
  id: 'file.sqlite',
  title: 'The file is a SQLite database',
  level: 'error',
  meaning: 'SQLite will not open the file ("file is not a database"), so there is nothing to migrate in it.',
  command: 'mcpgw backup --list',
  decisive: true,
  async find(context) {
    const path = realFile(context.target);
    const { size } = statSync(path);
    const content = judgeContent(firstBytes(path, LOOKED_AT));
    if ('problem' in content) {
      const sample = [`${path}: ${content.problem} (${byteSize(size)})`];
      return { hint: content.hint, ...(await damageFindings(context, sample, content.hint)) };
    }
    const { pageSize, journal, writtenBy } = content;
    const mode = journal === 'wal' ? 'WAL' : 'rollback journal';
    return {
      count: 0,
      sample: [
        `${byteSize(size)}, ${Math.floor(size / pageSize)} pages of ${pageSize} bytes, ${mode}, last written by SQLite ${writtenBy}`,
      ],
    };
  },
  async repair(context) {
    return (await import('../salvage/salvage-mend.ts')).salvageMend(context);
  },
};
