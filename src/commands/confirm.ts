import { GatewayError } from '../errors.ts';
import type { Io } from './io.ts';
import { questionScreen } from './question-screen.ts';

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

/** Where nobody can be asked, the flag that answers must be given. */
export async function askOrRefuse(io: Io, yes: boolean | undefined, question: string): Promise<boolean> {
  if (yes === true) return true;
  if (io.interactive) return askOnTerminal(question);
  throw new GatewayError('CONFIRMATION', 'There is no terminal to ask on.', {
    hint: 'Look at what it would do with --dry-run, then run it with --yes. Nothing was changed.',
  });
}
