/** The environment by names in upper case, as the gateway reads it: the usual case wins where both are set. */
export function envByName(env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const byName = new Map<string, string>();
  for (const [name, text] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (text !== undefined && (name === upper || !byName.has(upper))) byName.set(upper, text);
  }
  return byName;
}
