/** Booleans come back as true, 1 or `1`, by driver. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 1n;
}
