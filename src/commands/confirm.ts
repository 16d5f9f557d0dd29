import { GatewayError } from '../errors.ts';
import { shellWord } from '../report/shell-word.ts';
import type { Io } from './io.ts';

/**
 * Asks a yes-or-no question on the terminal.
 *
 * @param beforehand how to see what it is about without being asked
 * @throws GatewayError INTERRUPTED for Ctrl-C, which is no answer
 */
export async function askOnTerminal(
  question: string,
  beforehand = '--dry-run shows everything it would do',
): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false, output: questionScreen() });
  if (isCancel(answer)) {
    throw new GatewayError('INTERRUPTED', 'Stopped at the question.', {
      hint: `Run it again when you are ready; ${beforehand}.`,
    });
  }
  return answer;
}

/**
 * Asks for a new password on the terminal, hidden and twice.
 *
 * @throws GatewayError CONFIRMATION where nobody can be asked; USAGE when the two differ; INTERRUPTED for Ctrl-C
 */
export async function askPassword(io: Io, whose: string): Promise<string> {
  if (!io.interactive) {
    throw new GatewayError('CONFIRMATION', 'There is no terminal to ask for a password on.', {
      hint: 'Give it with --password-file FILE, or - for standard input. Nothing was changed.',
    });
  }
  const { password, isCancel } = await import('@clack/prompts');
  const typed: string[] = [];
  for (const message of [`New password of ${whose}`, 'The same again']) {
    const answer = await password({ message, output: questionScreen() });
    if (isCancel(answer))
      throw new GatewayError('INTERRUPTED', 'Stopped at the question. Nothing was changed.');
    typed.push(answer ?? '');
  }
  const [first = '', second] = typed;
  if (first === second) return first;
  throw new GatewayError('USAGE', 'The two passwords differ.', {
    hint: 'Run it again. Nothing was changed.',
  });
}

/** Where nobody can be asked, the flag that answers must be given. */
export async function askOrRefuse(io: Io, yes: boolean | undefined, question: string): Promise<boolean> {
  if (yes === true) return true;
  if (io.interactive) return askOnTerminal(question);
  throw new GatewayError('CONFIRMATION', 'There is no terminal to ask on.', {
    hint: 'Look at what it would do with --dry-run, then run it with --yes. Nothing was changed.',
  });
}

/**
 * Has the name of what will be replaced typed on the terminal; elsewhere it must have been given as a flag.
 *
 * @param given `--confirm`
 * @param from the database that it is replaced by, where that is another one: then it has to be named, too
 * @returns whether it was the right one
 * @throws GatewayError CONFIRMATION when nobody can be asked, or the flag names another database
 */
export async function confirmName(
  io: Io,
  name: string,
  given: string | undefined,
  from: string | null,
): Promise<boolean> {
  const wanted = from === null ? name : `${name} from ${from}`;
  if (given !== undefined) {
    if (given === wanted) return true;
    if (given === name) {
      throw new GatewayError('CONFIRMATION', `This backup is of another database: ${from}.`, {
        hint: `If that is what is to replace ${name}, run it with --confirm ${shellWord(wanted)}. Nothing was changed.`,
      });
    }
    throw new GatewayError('CONFIRMATION', `--confirm says ${given}, and the database is ${name}.`, {
      hint: 'Check DATABASE_URL: it is this database that would be replaced. Nothing was changed.',
    });
  }
  if (!io.interactive) {
    throw new GatewayError('CONFIRMATION', 'There is no terminal to ask on.', {
      hint: `Look at what it would do with --dry-run, then run it with --confirm ${shellWord(wanted)}. Nothing was changed.`,
    });
  }
  const { text, isCancel } = await import('@clack/prompts');
  const answer = await text({
    message: `Type the name of the database to replace it (${wanted})`,
    output: questionScreen(),
  });
  return !isCancel(answer) && answer.trim() === wanted;
}

/** Where questions are drawn. Some pseudo terminals have no width, which would put every letter on a line of its own. */
function questionScreen(): NodeJS.WriteStream {
  process.stderr.columns ||= 80;
  return process.stderr;
}
