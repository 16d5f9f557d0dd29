import { GatewayError } from '../errors.ts';
import { advise, mcpgw } from '../report/advice.ts';
import type { Check } from './check.ts';

/**
 * The checks that `--only` and `--skip` leave. A name selects a check by its id, or a group of them by the
 * part before the dot.
 *
 * @throws GatewayError USAGE naming every id that does not exist
 */
export function selectChecks(
  all: readonly Check[],
  only: readonly string[] | undefined,
  skip: readonly string[] | undefined,
): readonly Check[] {
  const matches = (check: Check, name: string) => check.id === name || check.id.startsWith(`${name}.`);
  const unknown = [...(only ?? []), ...(skip ?? [])].filter(
    (name) => !all.some((check) => matches(check, name)),
  );
  if (unknown.length > 0) {
    throw new GatewayError('USAGE', `There is no check ${unknown.map((name) => `“${name}”`).join(', ')}.`, {
      hint: advise`See them all with: ${mcpgw('verify', '--list')}`,
    });
  }
  return all.filter(
    (check) =>
      (only === undefined || only.some((name) => matches(check, name))) &&
      !(skip ?? []).some((name) => matches(check, name)),
  );
}
