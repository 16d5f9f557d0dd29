import { sampleSize } from '../checks/sample-size.ts';
import type { DoctorContext } from '../doctor/context.ts';
import { readEnvFile } from '../settings/env-file.ts';
import { envFilePath, inspectSettings, problemsBeside } from '../settings/load.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';

/** What the doctor looks at, without the way to the database. Settings that are not usable are no error here. */
export function doctorContext(io: Io, options: GlobalOptions): Omit<DoctorContext, 'connect'> {
  const input = {
    flags: options,
    env: io.env,
    cwd: io.cwd,
    credentials: 'optional',
    allowDefaultCredentials: false,
  } as const;
  const path = envFilePath(input);
  const { file, error: envFileError } = readEnvFile(path, options.envFile !== undefined, io.env);
  const envFile = envFileError === null ? file : null;
  const inspected = {
    ...inspectSettings(input, envFile),
    ...(envFileError === null ? {} : { problems: problemsBeside(input, file) }),
  };
  // A file that cannot be read may name another database than the default one.
  const unknown = envFileError !== null && inspected.sources.get('DATABASE_URL')?.source === 'default';
  return {
    inspected: unknown ? { ...inspected, target: null } : inspected,
    envFile,
    envFilePath: path,
    envFileError,
    env: io.env,
    cwd: io.cwd,
    thorough: options.verbose === true,
    sampleSize: sampleSize(options.verbose === true),
    now: new Date(),
  };
}
