import { Command, InvalidArgumentError, Option } from 'commander';
import { ARGUMENTS, accountParts, type PartSpec } from './account-parts.ts';
import type { ExportOptions } from './commands/export.ts';
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

/** A repeated option adds to the list: names may have commas. */
function each(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** A whole number from 1 on. */
function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

/** A whole number from 0 on. */
function limit(value: string): number {
  return value.trim() === '0' ? 0 : count(value);
}

type Parse = (value: string, before: unknown) => unknown;

const LOCK_TIMEOUT_S = 60;
const DISABLE_STALE = 'turn off the providers of single sign-on that the settings no longer name';

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
    .option('--settings <file>', 'the same: node without -- before the program takes --env-file for itself')
    .on('option:settings', (file: string) => program.setOptionValueWithSource('envFile', file, 'cli'))
    .addOption(
      new Option('--format <format>', 'how to print the result').choices(FORMAT_NAMES).default('text'),
    )
    .option(
      '--statement-timeout <seconds>',
      'give up on a statement after this long (default: 0, as long as the server can be reached)',
      seconds,
    )
    .option('-o, --output <file>', 'write the result to a file instead of standard output')
    .option('--force', 'let --output replace a file that is no report of mcpgw')
    .option('-q, --quiet', 'only findings, warnings and errors; no progress')
    .option('-v, --verbose', 'everything that is known, up to 1,000 findings of each check, all statements')
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
  const keeping = (c: Command) =>
    c
      .option(
        '--backup-dir <folder>',
        'where backups go (default: mcpgw-backups, beside a SQLite file or here)',
      )
      .option('--keep <n>', 'keep this many backups of the database, remove older ones', count);
  const backingUp = (c: Command) =>
    keeping(c).option('--no-backup', 'do not take a backup before the first write');
  const waiting = (c: Command) =>
    c.option('--wait <seconds>', 'wait this long for a server that is still starting', seconds);
  const choosing = (c: Command) =>
    c
      .option('--only <ids>', 'only these checks, or groups of checks', list)
      .option('--skip <ids>', 'all but these checks, or groups of checks', list);

  const selecting = (c: Command) =>
    c
      .option('--type <types>', 'only these types: tools,servers …', list)
      .option('--only <type:name>', 'only tool:NAME or tool:ID, with * and ?; may be given again', each)
      .option('--tag <tags>', 'only what has one of these tags', list)
      .option('--team <teams>', 'only what is of these teams, by slug or id', list)
      .option('--owner <emails>', 'only what these people own', list)
      .option('--visibility <visibilities>', 'only private, team or public', list)
      .option('--active-only', 'only what is active')
      .option('--with-dependencies', 'also what it needs: tools of a server, their gateways …');

  backingUp(waiting(writing(command('migrate', 'Bring the database to v0.7.0.').alias('bootstrap-db'))))
    .option('--adopt', 'take v0.6.0 tables without a recorded revision for what they look like')
    .option('--marker', 'write mcpgateway-0.7.0-migration into empty federation_source columns')
    .option('--allow-default-credentials', 'accept admin@example.com and changeme (never in production)')
    .option('--disable-stale', DISABLE_STALE)
    .action(run(async () => (await import('./commands/migrate.ts')).migrate));

  waiting(command('status', 'Tell where the database stands and what to run next. Writes nothing.'))
    .option('--exit-code', 'exit with 1 when steps are pending')
    .option('--history', 'show every step that ever ran, when, and by which version')
    .action(run(async () => (await import('./commands/status.ts')).status));

  waiting(choosing(command('verify', 'Check everything about the database. Writes nothing.')))
    .option('--list', 'list the checks')
    .action(run(async () => (await import('./commands/verify.ts')).verify));

  backingUp(waiting(choosing(writing(command('fix', 'Repair what verify finds.')))))
    .option(
      '--team <id or slug>',
      'the team that rows without one get (default: their owner’s personal team)',
    )
    .option('--owner <email>', 'the owner that rows without one get (default: their team’s owner)')
    .option('--disable-stale', DISABLE_STALE)
    .addOption(
      new Option('--visibility <visibility>', 'the visibility that repaired rows get').choices([
        'private',
        'team',
        'public',
      ]),
    )
    .action(run(async () => (await import('./commands/fix.ts')).fix));

  waiting(keeping(command('backup', 'Take a verified backup, or list those there are.')))
    .option('--lock-timeout <seconds>', 'how long to wait for another run', seconds, LOCK_TIMEOUT_S)
    .option('--list', 'list the backups')
    .option('--verify', 'with --list: read every backup and check its hash')
    .action(run(async () => (await import('./commands/backup.ts')).backup));

  waiting(command('restore', 'Replace the database by a backup, after keeping its present state.'))
    .argument('<backup>', 'its manifest, its file, or its name in the backup folder')
    .option('--dry-run', 'show what would be replaced; write nothing')
    .option('--confirm <name>', 'the name of the database, where there is no terminal to ask on')
    .option('--no-backup', 'do not keep the present state')
    .option(
      '--backup-dir <folder>',
      'where backups are (default: mcpgw-backups, beside a SQLite file or here)',
    )
    .option('--lock-timeout <seconds>', 'how long to wait for another run', seconds, LOCK_TIMEOUT_S)
    .action(async (from: string, _options: unknown, self: Command) => {
      const { restore } = await import('./commands/restore.ts');
      done(await restore(io, { ...self.optsWithGlobals<GlobalOptions & { lockTimeout: number }>(), from }));
    });

  backingUp(waiting(writing(command('rollback', 'Take the database back to the v0.6.0 schema.'))))
    .option('--discard-new-data', 'lose users, teams, tokens and all else that was made since the upgrade')
    .action(run(async () => (await import('./commands/rollback.ts')).rollback));

  waiting(selecting(command('export', 'Write the configuration as one document, which loses nothing.')))
    .argument('[file]', 'where the document goes (default: standard output)')
    .addOption(
      new Option(
        '--secrets <how>',
        'as stored, left out, for another AUTH_ENCRYPTION_SECRET, or as plain text',
      )
        .choices(['keep', 'omit', 'rekey', 'plain'])
        .default('keep'),
    )
    .option(
      '--new-secret-file <file>',
      'with --secrets rekey: file that holds the other AUTH_ENCRYPTION_SECRET',
    )
    .option('--with-teams', 'also users, teams, members, roles and SSO providers')
    .option('--with-credentials', 'with --with-teams: also the hashes of passwords')
    .addOption(
      new Option('--for <program>', 'who reads it: mcpgw import, or the gateway’s own import')
        .choices(['mcpgw', 'gateway'])
        .default('mcpgw'),
    )
    .action(async (file: string | undefined, _options: unknown, self: Command) => {
      const { exportConfiguration } = await import('./commands/export.ts');
      done(
        await exportConfiguration(io, {
          ...self.optsWithGlobals<ExportOptions>(),
          ...(file === undefined ? {} : { file }),
        }),
      );
    });

  command('doctor', 'Find out why a database does not work, and repair it without losing data.')
    .option('--repair', 'repair what can be repaired; each repair is shown and confirmed first')
    .option('-y, --yes', 'do not ask before a repair')
    .option('--swap', 'let a file that was rebuilt beside the database take its place; the old one is kept')
    .option('--list', 'list what is checked')
    .option(
      '--access-test',
      'also open, read, write (rolled back) and lock, as the gateway does, and time it',
    )
    .action(run(async () => (await import('./commands/doctor.ts')).doctor));

  const changing = (c: Command) => backingUp(waiting(writing(c)));
  /** The action takes the arguments behind the options. */
  const runWith =
    <Args extends readonly unknown[], Options>(
      load: () => Promise<(io: Io, options: GlobalOptions & Options, ...args: Args) => Promise<ExitCode>>,
    ) =>
    async (...given: unknown[]) => {
      const self = given.at(-1) as Command;
      const action = await load();
      done(await action(io, self.optsWithGlobals(), ...(self.processedArgs as unknown as Args)));
    };
  const words = accountParts(limit, list);
  const account = (parent: Command, [spec, what, ...options]: PartSpec) => {
    const [name = '', ...takes] = spec.split(' ');
    const part = parent.command(name).description(what).exitOverride().copyInheritedSettings(program);
    for (const argument of takes) part.argument(argument, ARGUMENTS[argument]);
    const own = options.map(([flag, text, parse]) => {
      const option = new Option(flag, text);
      part.addOption(parse === undefined ? option : option.argParser<unknown>(parse as Parse));
      return option;
    });
    (what.endsWith('Writes nothing.') ? waiting : changing)(part).action(async () => {
      const { accounts } = await import('./commands/accounts.ts');
      const flags = own.map((option) => [option.long, part.getOptionValue(option.attributeName())]);
      const asked = [...(parent === program ? [] : [parent.name()]), name, ...part.processedArgs.flat()];
      const arrived = asked.filter((word) => word !== undefined) as unknown as Parameters<typeof accounts>[2];
      done(await accounts(io, part.optsWithGlobals(), arrived, Object.fromEntries(flags)));
    });
  };
  for (const [name, parts] of Object.entries(words.parts)) {
    const whole = command(name, `Make and change ${name}s, which v0.7.0’s own API refuses.`);
    for (const part of parts) account(whole, part);
  }
  for (const one of words.alone) account(program, one);

  changing(command('import', 'Bring a configuration into a database at v0.7.0.'))
    .argument('<file>', 'what mcpgw export or the gateway exported; - for standard input')
    .addOption(
      new Option(
        '--mode <mode>',
        'merge: make what is missing; replace: make what is there equal to the file, too',
      )
        .choices(['merge', 'replace'])
        .default('merge'),
    )
    .option('--prune', 'with --mode replace: also delete what the file lacks of its types')
    .option('--map-team <old=new>', 'teams that are called otherwise here: slugs or ids', list)
    .option('--map-owner <old=new>', 'owners who are called otherwise here', list)
    .option(
      '--team <id or slug>',
      'the team of rows whose own is not here (default: the owner’s personal team)',
    )
    .option('--owner <email>', 'the owner of rows whose own is not here (default: the administrator)')
    .addOption(
      new Option(
        '--visibility <visibility>',
        'the visibility of rows without one (default: public, as the migration does)',
      ).choices(['private', 'team', 'public']),
    )
    .option('--source-secret-file <file>', 'AUTH_ENCRYPTION_SECRET of the gateway that the file comes from')
    .option('--type <types>', 'only rows of these types: tools, servers …', list)
    .option('--only <type:name>', 'only tool:NAME or tool:ID, with * and ?; may be given again', each)
    .option('--tag <tags>', 'only rows with one of these tags', list)
    .option('--from-team <slugs>', 'only rows that the file says are of these teams', list)
    .option('--from-owner <emails>', 'only rows that the file says are of these owners', list)
    .option('--from-visibility <visibilities>', 'only rows that the file says are so visible', list)
    .option('--active-only', 'only rows that are switched on')
    .option('--with-dependencies', 'also what the selected rows need: a server’s tools, their gateways …')
    .action(runWith(async () => (await import('./commands/import.ts')).importFile));

  command('config', 'Show every setting, its value and where it came from; secrets are masked.').action(
    run(async () => (await import('./commands/config.ts')).config),
  );

  return program;
}
