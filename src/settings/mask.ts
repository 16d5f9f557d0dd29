/** Shorter ones occur by chance, and masking them would tear ordinary words. */
const SHORTEST = 4;

/**
 * Replaces every occurrence of a secret by `***`, as the last line of defence before output. A secret is found
 * as it is, percent-encoded, escaped for JSON and doubled for an SQL literal; longer forms go first.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.filter((secret) => secret.length >= SHORTEST).flatMap(formsOf));
  if (forms.size === 0) return text;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  // One after the other: a pattern of all would fail for a secret of megabytes, and say it in its error.
  return longestFirst.reduce((masked, form) => masked.replaceAll(form, '***'), text);
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const encoded = encodeURIComponent(Buffer.from(secret).toString());
  const strict = encoded.replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const percent = [encoded, strict].flatMap((form) => [
    form,
    form.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    form.replaceAll('%20', '+'),
  ]);
  return [secret, json, secret.replaceAll("'", "''"), secret.replaceAll('\\', '\\\\'), ...percent];
}
