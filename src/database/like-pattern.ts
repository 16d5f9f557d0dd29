/** The pattern of `LIKE … ESCAPE '!'` for one with `*` and `?`. */
export const likePattern = (pattern: string): string =>
  pattern.replaceAll(/[!%_]/g, '!$&').replaceAll('*', '%').replaceAll('?', '_');
