import type { Io } from '../../src/commands/io.ts';
import type { Report } from '../../src/report/report.ts';
import { clientPath } from './client-path.ts';
import { reportIn } from './report-of.ts';
import { ADMIN } from './test-settings.ts';

export interface CommandRun {
  readonly report: Report;
  /** What the person at the terminal reads meanwhile. */
  readonly stderr: string;
}

/** Runs commands of the program in this process, as `--format json` on one database with nobody to ask. */
export function commandRuns({ url }: { readonly url: string }, cwd: string) {
  return async (command: (io: Io) => Promise<number>, env: Io['env'] = {}): Promise<CommandRun> => {
    let [stdout, stderr] = ['', ''];
    const code = await command({
      env: {
        DATABASE_URL: url,
        DB_MAX_RETRIES: '0',
        PLATFORM_ADMIN_EMAIL: ADMIN.email,
        PLATFORM_ADMIN_PASSWORD: ADMIN.password,
        ARGON2ID_MEMORY_COST: '8',
        ARGON2ID_TIME_COST: '1',
        PATH: clientPath(url),
        ...env,
      },
      cwd,
      argv: [],
      stdout: { write: (text) => (stdout += text), isTTY: false, columns: undefined },
      stderr: { write: (text) => (stderr += text), isTTY: false, columns: 80 },
      interactive: false,
      signal: new AbortController().signal,
    });
    const report = reportIn(stdout, stderr);
    if (report.exitCode !== code)
      throw new Error(`exit code ${code}, and the report says ${report.exitCode}`);
    return { report, stderr };
  };
}

/** The rows of one table of a report. */
export function rowsOf({ sections }: Report, id: string) {
  return sections.find((section) => section.id === id)?.rows;
}
