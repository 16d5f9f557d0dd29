import { dirname } from 'node:path';

/** The folders a path leads through, from the root down. */
export function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}
