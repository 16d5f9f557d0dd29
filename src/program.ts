import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './commands/io.ts';
import type { GlobalOptions } from './commands/options.ts';
import type { ExitCode } from './errors.ts';
import { FORMAT_NAMES } from './report/format-name.ts';
import { VERSION } from './version.ts';

/** Seconds as a whole or decimal number that is not negative. */
function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < 0 || number > 86_400) {
    throw new InvalidArgumentError('It must be a number of seconds from 0 to 86400.');
  }
  return number;
}

/** `a,b` and repeated options both add to the list. */
function list(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').map((part) => part.trim())].filter((part) => part !== '');
}

const LOCK_TIMEOUT_S = 60;

/**
 * The command line. Commands are loaded only when they run, so that help and version load no driver.
 *
 * @param done is given the exit code of the command that ran
 */
export function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('mcpgw')
    .description('Upgrades MCP Gateway databases from v0.6.0 to v0.7.0: SQLite, PostgreSQL, MySQL, MariaDB.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .option('--database-url <url>', 'database to work on, as an SQLAlchemy URL (default: DATABASE_URL)')
    .option('--database-url-file <file>', 'file that holds the URL, to keep it out of the process list')
    .option('--env-file <file>', 'file with settings (default: .env, when it is there)')
    .addOption(
      new Option('--format <format>', 'how to print the result').choices(FORMAT_NAMES).default('text'),
    )
    .option('-o, --output <file>', 'write the result to a file instead of standard output')
    .option('-q, --quiet', 'only findings, warnings and errors; no progress')
    .option('-v, --verbose', 'everything that is known, all findings and statements')
    .option('--no-color', 'no colours')
    .option('--debug', 'print every SQL statement and stack traces to standard error')
    .showHelpAfterError('Run with --help to see how it is used.')
    .configureHelp({ showGlobalOptions: false })
    .exitOverride();
  program.configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: () => {},
  });

  const command = (name: string, summary: string) =>
    program.command(name).description(summary).exitOverride().copyInheritedSettings(program);
  const run =
    <Options>(load: () => Promise<(io: Io, options: GlobalOptions & Options) => Promise<ExitCode>>) =>
    async (_options: Options, self: Command) => {
      const action = await load();
      done(await action(io, self.optsWithGlobals<GlobalOptions & Options>()));
    };
  const writing = (c: Command) =>
    c
      .option('--dry-run', 'show what would be done, with every statement; write nothing')
      .option('-y, --yes', 'do not ask')
      .option('--lock-timeout <seconds>', 'how long to wait for another run', seconds, LOCK_TIMEOUT_S);
  const waiting = (c: Command) =>
    c.option('--wait <seconds>', 'wait this long for a server that is still starting', seconds);
  const choosing = (c: Command) =>
    c
      .option('--only <ids>', 'only these checks, or groups of checks', list)
      .option('--skip <ids>', 'all but these checks, or groups of checks', list);

  waiting(writing(command('migrate', 'Bring the database to v0.7.0.').alias('bootstrap-db')))
    .option('--adopt', 'take v0.6.0 tables without a recorded revision for what they look like')
    .option('--marker', 'write mcpgateway-0.7.0-migration into empty federation_source columns')
    .option('--allow-default-credentials', 'accept admin@example.com and changeme (never in production)')
    .action(run(async () => (await import('./commands/migrate.ts')).migrate));

  waiting(command('status', 'Tell where the database stands and what to run next. Writes nothing.'))
    .option('--exit-code', 'exit with 1 when steps are pending')
    .action(run(async () => (await import('./commands/status.ts')).status));

  waiting(choosing(command('verify', 'Check everything about the database. Writes nothing.')))
    .option('--list', 'list the checks')
    .action(run(async () => (await import('./commands/verify.ts')).verify));

  waiting(choosing(writing(command('fix', 'Repair what verify finds.'))))
    .option(
      '--team <id or slug>',
      'the team that rows without one get (default: their owner’s personal team)',
    )
    .option('--owner <email>', 'the owner that rows without one get (default: their team’s owner)')
    .addOption(
      new Option('--visibility <visibility>', 'the visibility that repaired rows get').choices([
        'private',
        'team',
        'public',
      ]),
    )
    .action(run(async () => (await import('./commands/fix.ts')).fix));

  command('config', 'Show every setting, its value and where it came from; secrets are masked.').action(
    run(async () => (await import('./commands/config.ts')).config),
  );

  return program;
}
