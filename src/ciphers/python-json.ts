/**
 * A value as Python's `json.dumps` spells it: a blank behind `,` and `:`, and nothing but ASCII. So the gateway stores
 * all its JSON, and encrypts it.
 */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (value === null || typeof value !== 'object') return ascii(JSON.stringify(value ?? null));
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${ascii(JSON.stringify(name))}: ${pythonJson(field)}`).join(', ')}}`;
}

const ascii = (json: string) =>
  json.replaceAll(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
