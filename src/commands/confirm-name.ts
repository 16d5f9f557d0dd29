import { GatewayError } from '../errors.ts';
import { shellWord } from '../report/shell-word.ts';
import type { Io } from './io.ts';
import { questionScreen } from './question-screen.ts';

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
