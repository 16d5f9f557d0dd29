import { fileBackup } from './file-backup.ts';
import { fileBeside } from './file-beside.ts';
import type { FileExamination } from './file-examination.ts';
import { fileExists } from './file-exists.ts';
import { fileFilesystem } from './file-filesystem.ts';
import { fileFolder } from './file-folder.ts';
import { fileHolders } from './file-holders.ts';
import { fileJournal } from './file-journal.ts';
import { fileLinks } from './file-links.ts';
import { fileExclusive, fileReaders, fileWriteLock } from './file-locks.ts';
import { fileMacos } from './file-macos.ts';
import { fileMode } from './file-mode.ts';
import { fileReadable } from './file-readable.ts';
import { fileReplaced } from './file-replaced.ts';
import { fileSpace } from './file-space.ts';
import { fileSqlite } from './file-sqlite.ts';
import { fileSticky } from './file-sticky.ts';
import { fileSynced } from './file-synced.ts';
import { fileWal } from './file-wal.ts';
import { fileWalMatch } from './file-wal-match.ts';
import { fileWalWhole } from './file-wal-whole.ts';
import { fileWhole } from './file-whole.ts';
import { fileWritable } from './file-writable.ts';

/** In this order: those that end the examination come after the ones that tell most about why. */
export const FILE_EXAMINATIONS: readonly FileExamination[] = [
  fileExists,
  fileReadable,
  fileSqlite,
  fileWritable,
  fileFolder,
  fileSticky,
  fileBeside,
  fileMode,
  fileLinks,
  fileFilesystem,
  fileSynced,
  fileMacos,
  fileSpace,
  fileBackup,
  fileHolders,
  fileReplaced,
  fileWriteLock,
  fileReaders,
  fileExclusive,
  fileWalMatch,
  fileWalWhole,
  fileJournal,
  fileWal,
  fileWhole,
];
