import type { GlobalOption } from '../report/with-global-options.ts';
import { parseDatabaseUrl } from '../settings/database-url.ts';
import type { GlobalOptions } from './options.ts';

/**
 * The options of a command line that say which database is meant, for the commands of its report.
 *
 * @param cwd absolute folder from which relative paths start
 */
export function givenOptions(options: GlobalOptions, cwd: string): readonly GlobalOption[] {
  const { databaseUrl, databaseUrlFile, envFile } = options;
  return [
    ...(databaseUrl === undefined ? [] : [['--database-url', shownUrl(databaseUrl, cwd)] as const]),
    ...(databaseUrlFile === undefined ? [] : [['--database-url-file', databaseUrlFile] as const]),
    ...(envFile === undefined ? [] : [['--env-file', envFile] as const]),
  ];
}

/** As it was given where nothing in it can be a secret; else with `***`, which is seen to be filled in. */
function shownUrl(url: string, cwd: string): string {
  try {
    const { target, warnings } = parseDatabaseUrl(url, cwd);
    if (target.dialect === 'sqlite') return warnings.length === 0 ? url : target.maskedUrl;
    return target.password === null && !url.includes('?') ? url : target.maskedUrl;
  } catch {
    return '***';
  }
}
