import { resolve } from 'node:path';
import type { GlobalOption } from '../report/advice.ts';
import { parseDatabaseUrl } from '../settings/database-url.ts';
import type { GlobalOptions } from './options.ts';

/**
 * The options of a command line that say which database is meant, for the commands of its report: they mean the
 * same in every folder.
 *
 * @param cwd absolute folder from which relative paths start
 */
export function givenOptions(options: GlobalOptions, cwd: string): readonly GlobalOption[] {
  const { databaseUrl, databaseUrlFile, envFile } = options;
  return [
    ...(databaseUrl === undefined ? [] : [['--database-url', shownUrl(databaseUrl, cwd)] as const]),
    ...(databaseUrlFile === undefined
      ? []
      : [['--database-url-file', resolve(cwd, databaseUrlFile)] as const]),
    ...(envFile === undefined ? [] : [['--env-file', resolve(cwd, envFile)] as const]),
  ];
}

/** As it was given where nothing in it can be a secret, but for a path; else with `***`, which is seen to be filled in. */
function shownUrl(url: string, cwd: string): string {
  try {
    const { target } = parseDatabaseUrl(url, cwd);
    return target.dialect !== 'sqlite' && target.password === null && !url.includes('?')
      ? url
      : target.maskedUrl;
  } catch {
    return '***';
  }
}
