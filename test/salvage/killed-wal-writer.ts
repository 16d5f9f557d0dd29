import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { readWal } from '../../src/salvage/index.ts';
import { holdDatabase } from '../doctor/sqlite/hold-database.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';

const PAGE = 4_096;
export const FRAME = PAGE + 24;
export const HEADER = 32;

export interface KilledWriter extends SqliteFile {
  readonly wal: string;
  /** Frames of its one transaction, which changed the description of every tool. */
  readonly frames: number;
  overwrite(at: number, bytes: Buffer): void;
  removeIndex(): void;
}

/** A database in WAL mode whose writer was killed after it had committed one transaction of several frames. */
export async function killedWalWriter(release: 'v0.6.0' | 'v0.7.0' = 'v0.7.0'): Promise<KilledWriter> {
  const file = await sqliteFile(release);
  const writer = await holdDatabase(
    file.name,
    "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; UPDATE tools SET description = 'committed'",
  );
  await writer.kill();
  const wal = `${file.name}-wal`;
  return {
    ...file,
    wal,
    frames: readWal(wal)?.committed ?? 0,
    overwrite(at, bytes) {
      const handle = openSync(wal, 'r+');
      writeSync(handle, bytes, 0, bytes.length, at);
      closeSync(handle);
    },
    removeIndex: () => rmSync(`${file.name}-shm`),
  };
}
