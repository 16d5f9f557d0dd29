import { type ExitCode, errorText, GatewayError } from '../errors.ts';
import { type Command, type GlobalOption, mapParts, type Text, withGlobalOptions } from '../report/advice.ts';
import { eachText } from '../report/each-text.ts';
import { asFile } from '../report/is-report.ts';
import type { Draft, ErrorReport } from '../report/report.ts';
import { detectStyle } from '../report/style.ts';
import { maskSecrets } from '../settings/mask.ts';
import { passwordsIn } from '../settings/passwords-in.ts';
import { VERSION } from '../version.ts';
import { givenOptions } from './given-options.ts';
import type { Io } from './io.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';
import { type Outcome, reportOf } from './outcome.ts';
import type { Session } from './session.ts';

/** What a command does between reading its options and showing its report. */
export type Body = (context: {
  open: (session: Session) => void;
  /** Standard output is for something else: the report goes to standard error. */
  aside: () => void;
}) => Promise<Outcome>;

/**
 * Runs the body of a command and shows its report, whether it went well or not.
 *
 * @returns the exit code of the contract
 */
export async function runCommand(
  name: string,
  io: Io,
  options: GlobalOptions & Pick<BackupOptions, 'backupDir'> & { readonly file?: string },
  body: Body,
): Promise<ExitCode> {
  let session: Session | undefined;
  // A URL in the wrong place is in no settings, and in the text of an error.
  const misplaced = io.argv.flatMap(passwordsIn);
  const secrets = () => [...misplaced, ...(session?.secrets ?? [])];
  let outcome: Outcome;
  let error: ErrorReport<Text> | null = null;
  let hasFile = false;
  let shown = io.stdout;
  let write = (text: string): void => {
    shown.write(text);
  };
  try {
    if (options.output !== undefined) {
      const { openOutput } = await import('./output-file.ts');
      write = await openOutput(options.output, io, options);
      hasFile = true;
    } else if (options.force === true && options.file === undefined) {
      throw new GatewayError('USAGE', '--force goes with --output.', { hint: 'Leave it out.' });
    }
    outcome = await body({
      open(opened) {
        session = opened;
      },
      aside() {
        shown = io.stderr;
      },
    });
  } catch (thrown) {
    const known = asGatewayError(thrown);
    error = { code: known.code, message: known.message, hint: known.hint, details: known.details };
    outcome = { exitCode: known.exitCode, next: known.next };
    if (options.debug === true) io.stderr.write(`${maskSecrets(stackOf(thrown), secrets())}\n`);
  }
  session?.progress.done();
  const { warnings = [] } = outcome;
  const report = finished(
    reportOf(
      name,
      VERSION,
      {
        ...outcome,
        warnings: [...(session?.loaded.warnings ?? []), ...(session?.warnings ?? []), ...warnings],
      },
      { database: session?.database() ?? null, error },
    ),
    givenOptions(options, io.cwd),
    secrets(),
  );
  const { RENDERERS } = await import('../report/render.ts');
  const toTerminal = options.output === undefined && shown.isTTY;
  const style = detectStyle({
    env: io.env,
    isTTY: toTerminal,
    columns: shown.columns,
    flags: { color: options.color, verbose: options.verbose ?? false, quiet: options.quiet ?? false },
  });
  const rendered = RENDERERS[options.format](report, style);
  const text = hasFile ? asFile(rendered, name) : rendered;
  // Pipes read stdout for the result; people look at the terminal for why there is none.
  const forPeople = error !== null && options.format === 'text';
  if (forPeople) io.stderr.write(text);
  if (hasFile && options.output !== undefined) writeOrShow(text, options.output, write, io, secrets());
  else if (!forPeople) write(text);
  return report.exitCode;
}

/** What was done cannot be taken back because its report has no place to go: it is shown instead. */
function writeOrShow(
  text: string,
  path: string,
  write: (text: string) => void,
  io: Io,
  secrets: readonly string[],
): void {
  try {
    write(text);
  } catch (error) {
    const why =
      error instanceof GatewayError
        ? error.message
        : `The report could not be written to ${path}: ${errorText(error)}.`;
    io.stderr.write(`${maskSecrets(why, secrets)}\n`);
    io.stdout.write(text);
  }
}

function asGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('INTERNAL', errorText(thrown), {
    hint: 'Run it again with --debug, and report what it prints.',
    cause: thrown,
  });
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `\ncaused by ${stackOf(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}

/**
 * The report with the given options in every command, and without secrets in any text that something outside of
 * this program may have written.
 */
function finished(report: Draft, given: readonly GlobalOption[], secrets: readonly string[]): Draft {
  const mask = (words: string) => maskSecrets(words, secrets);
  const command = (it: Command) => {
    const full = withGlobalOptions(it, given);
    return full.with({ words: full.words.map(mask) });
  };
  return {
    ...eachText(report, (text) => mapParts(text, mask, command)),
    steps: report.steps.map((step) =>
      step.statements === undefined ? step : { ...step, statements: step.statements.map(mask) },
    ),
  };
}
