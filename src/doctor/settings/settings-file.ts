import { statSync } from 'node:fs';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';

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
        hint: `${hint}.`,
        command: commandFor(envFilePath, envFileError.cause),
      };
    }
    const fact =
      envFile === null ? `there is no ${envFilePath}` : `${envFilePath}: ${envFile.entries.size} set`;
    return { count: 0, sample: [fact] };
  },
};

/** A file that another user may read is that user's: nothing of it is changed. */
function commandFor(path: string, cause: unknown): string {
  const isDenied = (cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
  if (!isDenied) return '';
  try {
    return `sudo -u '#${statSync(path).uid}' mcpgw doctor`;
  } catch {
    return 'sudo mcpgw doctor';
  }
}
