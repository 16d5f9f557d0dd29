import type { Report } from '../../src/report/report.ts';
import { reportOf } from './report-of.ts';
import { type CliOptions, type CliResult, spawnCli } from './spawn-cli.ts';

/** Runs the built program with `--format json` on a database, and holds what it prints to the schema. */
export async function cliReport(
  url: string,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult & { readonly report: Report }> {
  const env = { DATABASE_URL: url, DB_MAX_RETRIES: '0', ...options.env };
  const result = await spawnCli([...args, '--format', 'json'], { ...options, env });
  return { ...result, report: reportOf(result) };
}
