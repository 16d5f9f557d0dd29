import type { Report } from '../../src/report/report.ts';
import { reportOf } from './report-of.ts';
import { runInProcess } from './run-in-process.ts';
import { type CliOptions, type CliResult, spawnCli } from './spawn-cli.ts';

/** What the program says and how it ends. */
type Said = Pick<CliResult, 'exitCode' | 'stdout' | 'stderr'>;
type Reported<Result extends Said> = Promise<Result & { readonly report: Report }>;

const onDatabase = (url: string, env: CliOptions['env']) => ({
  DATABASE_URL: url,
  DB_MAX_RETRIES: '0',
  ...env,
});

/** Runs the built program with `--format json` on a database, and holds what it prints to the schema. */
export async function cliReport(
  url: string,
  args: readonly string[],
  options: CliOptions = {},
): Reported<CliResult> {
  const result = await spawnCli([...args, '--format', 'json'], {
    ...options,
    env: onDatabase(url, options.env),
  });
  return { ...result, report: reportOf(result) };
}

/** The same in this process, which takes a third of the time. */
export async function reportHere(
  url: string,
  args: readonly string[],
  { env, cwd }: Pick<CliOptions, 'env' | 'cwd'> = {},
): Reported<Said> {
  const { PATH } = process.env;
  const run = await runInProcess([...args, '--format', 'json'], {
    env: onDatabase(url, { PATH, ...env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const result = { ...run, exitCode: run.exitCode ?? 0 };
  return { ...result, report: reportOf(result) };
}
