/**
 * Reads SQLite files without SQLite: headers, pages, records and write-ahead logs, damaged ones, too, and takes
 * everything that can be read of a damaged database into a new one. It knows nothing of the gateway or of this
 * program: what it needs is handed in.
 */
export { cutOff, judgeContent } from './content.ts';
export { MAGIC, readHeader } from './file-header.ts';
export { firstBytes } from './first-bytes.ts';
export { type Journal, readJournal } from './journal.ts';
export {
  type KnownDefinition,
  type Report,
  type SalvageOptions,
  salvage,
} from './salvage.ts';
export type { Definition } from './schema-entries.ts';
export { type CommittedPages, committedPages, lostInWal, missingPages, readWal } from './wal.ts';
export { reportLines, reportLosses } from './words.ts';
export { isSalvageable } from './working-copy.ts';
