import type { CheckContext } from './check.ts';

/** Reads something once for all that ask for it with the same context; `find` and `repair` of one check, too. */
export function perContext<T, Context extends object = CheckContext>(
  read: (context: Context) => Promise<T>,
): (context: Context) => Promise<T> {
  const known = new WeakMap<Context, Promise<T>>();
  return (context) => {
    const result = known.get(context) ?? read(context);
    known.set(context, result);
    return result;
  };
}
