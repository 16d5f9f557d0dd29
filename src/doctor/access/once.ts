import type { TargetContext } from '../context.ts';
import { type Trial, tryAccess } from './trial.ts';

const known = new WeakMap<TargetContext, Promise<Trial>>();

/** The one trial that all checks of a run share. */
export function trialOf(context: TargetContext): Promise<Trial> {
  const trial = known.get(context) ?? tryAccess(context);
  known.set(context, trial);
  return trial;
}
