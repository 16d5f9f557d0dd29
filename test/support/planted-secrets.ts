/** Everything that an URL, a shell, SQL or JSON gives a meaning to. */
export const DATABASE_PASSWORD = 'Zq7@s:/%\'"\\ +?#&=é%41$Z';
export const ADMIN_PASSWORD = 'Kx9@s:/%\'"\\ +?#&=é%41$Z!';

/** The ways a secret could have been written. */
function formsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encoded,
    encoded.toLowerCase(),
    encoded.replaceAll("'", '%27'),
    encoded.replaceAll('%20', '+'),
    encodeURI(secret),
    secret.replaceAll("'", "''"),
    secret.replaceAll('\\', '\\\\'),
    Buffer.from(secret).toString('base64'),
  ];
}

/** @throws Error when a text holds one of the two passwords in any form, or a hash of one */
export function expectNoSecret(where: string, text: string): void {
  for (const secret of [DATABASE_PASSWORD, ADMIN_PASSWORD]) {
    for (const form of formsOf(secret)) {
      if (text.includes(form)) throw new Error(`${where} holds ${form}`);
    }
    // A part that no encoding changes shows a form nobody thought of.
    const start = secret.slice(0, 3);
    const at = text.indexOf(start);
    if (at >= 0) throw new Error(`${where} holds ${start}: ${text.slice(at - 40, at + 40)}`);
  }
  const hash = /\$argon2id?\$|\$2[aby]\$/.exec(text);
  if (hash !== null) throw new Error(`${where} holds a hash: ${text.slice(hash.index, hash.index + 40)}`);
}
