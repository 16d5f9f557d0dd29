import { constants } from 'node:fs';
import type { DoctorContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { accessProblem, folderInTheWay } from '../sqlite/file/access-problem.ts';

/** The settings file is read where there is one; that there is none is no fault where nobody named it. */
export const settingsFile: Examination<DoctorContext> = {
  id: 'settings.env-file',
  title: 'The settings file can be read',
  level: 'error',
  meaning: 'The gateway and mcpgw take their settings from this file, and cannot do so as it is.',
  command: '',
  async find({ envFile, envFileError, envFilePath }) {
    if (envFileError !== null) {
      const { message, details, hint } = envFileError;
      return {
        count: Math.max(1, details.length),
        sample: [message, ...details],
        ...(await wayToRead(envFilePath, envFileError.cause, `${hint}.`)),
      };
    }
    const fact =
      envFile === null ? `there is no ${envFilePath}` : `${envFilePath}: ${envFile.entries.size} set`;
    return { count: 0, sample: [fact] };
  },
};

/** What lets this user read a file that it may not. */
async function wayToRead(
  path: string,
  cause: unknown,
  hint: string,
): Promise<Pick<DoctorFindings, 'hint' | 'command'>> {
  const isDenied = (cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
  const problem = isDenied
    ? ((await folderInTheWay(path)) ?? (await accessProblem(path, constants.R_OK)))
    : null;
  if (problem === null) return { hint };
  const { text, advice, command } = problem;
  return { hint: `${text}. ${advice}`.trimEnd(), command };
}
