import type { CheckContext } from './check.ts';

/** Reads something once for all checks of a context that ask for it; `find` and `repair` of one check, too. */
export function perContext<T>(
  read: (context: CheckContext) => Promise<T>,
): (context: CheckContext) => Promise<T> {
  const known = new WeakMap<CheckContext, Promise<T>>();
  return (context) => {
    const result = known.get(context) ?? read(context);
    known.set(context, result);
    return result;
  };
}
