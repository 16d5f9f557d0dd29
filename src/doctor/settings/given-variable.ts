import { envByName } from '../../settings/env-by-name.ts';
import type { DoctorContext } from '../context.ts';

export interface GivenVariable {
  readonly text: string;
  /** For people: `the environment`, or the settings file and its line. */
  readonly place: string;
}

/** A variable that `mcpgw` itself does not read, as the gateway would find it; null where it is not set. */
export function givenVariable(
  { env, envFile }: Pick<DoctorContext, 'env' | 'envFile'>,
  name: string,
): GivenVariable | null {
  const text = envByName(env).get(name);
  if (text !== undefined) return { text, place: 'the environment' };
  const entry = envFile?.entries.get(name);
  return entry === undefined ? null : { text: entry.value, place: `${envFile?.path}:${entry.line}` };
}
