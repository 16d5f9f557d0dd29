import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { withWalLog } from '../../../database/sqlite/wal-log.ts';

/** Pages by their numbers, from 1, as the last commit in a log left them: a hash of each. */
export interface CommittedPages {
  readonly pageSize: number;
  readonly hashes: ReadonlyMap<number, string>;
}

/** What a checkpoint of a `-wal` file has to bring into the database. */
export function committedPages(wal: string): CommittedPages {
  return (
    withWalLog(wal, ({ pageSize, frames }) => {
      const hashes = new Map<number, string>();
      const transaction = new Map<number, string>();
      for (const { page, commit, content } of frames()) {
        transaction.set(page, hash(content));
        if (commit === 0) continue;
        for (const [number, sum] of transaction) hashes.set(number, sum);
        transaction.clear();
        // A database may have become smaller.
        for (const number of hashes.keys()) if (number > commit) hashes.delete(number);
      }
      return { pageSize, hashes };
    }) ?? { pageSize: 0, hashes: new Map() }
  );
}

/** Which of the pages a database file has not got. Not to be called while this process has it open. */
export function missingPages(database: string, { pageSize, hashes }: CommittedPages): readonly number[] {
  const handle = openSync(database, 'r');
  try {
    const content = Buffer.alloc(pageSize);
    return [...hashes].flatMap(([number, sum]) => {
      const read = readSync(handle, content, 0, pageSize, (number - 1) * pageSize);
      return read === pageSize && hash(content) === sum ? [] : [number];
    });
  } finally {
    closeSync(handle);
  }
}

function hash(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64');
}
