/** What the words of OpenSSL come to, which all drivers pass on. */
const HINTS: readonly (readonly [when: RegExp, hint: string])[] = [
  [
    /self-signed|issuer|first certificate|unable to verify|root certificate/i,
    'The certificate comes from an authority that is not trusted here: name the file of that authority in DATABASE_URL, as <ca>=/path/to/root.crt.',
  ],
  [
    /does not support/i,
    'The server offers no TLS: give it a certificate, or, on a network that you trust, ask for none in DATABASE_URL.',
  ],
  [/expired/i, 'Renew the certificate on the server, and look at the clocks of both machines.'],
  [/not yet valid/i, 'The certificate is not valid yet: look at the clocks of both machines.'],
  [
    /altnames|hostname/i,
    'The certificate is for another name: connect under a name that it has, or let names be, with <names>.',
  ],
  [
    /alert (protocol version|handshake failure)|unsupported protocol|no shared cipher/i,
    'The two have no version or cipher of TLS in common: let the server offer TLS 1.2 or later.',
  ],
  [
    /key values mismatch|PEM routines|no start line/i,
    'The client’s certificate and key in DATABASE_URL do not belong together, or are no PEM files.',
  ],
  [
    /alert|certificate required/i,
    'The server refuses the client’s certificate in DATABASE_URL, or wants one.',
  ],
];

/**
 * What helps when a connection is not secured.
 *
 * @param message of OpenSSL or Node.js
 * @param parameters of DATABASE_URL: for the authority, and what leaves names alone
 */
export function certificateHint(message: string, { ca, names }: { ca: string; names: string }): string {
  const [, hint] = HINTS.find(([when]) => when.test(message)) ?? [];
  return (hint ?? 'Check <ca> and the other parameters for TLS in DATABASE_URL.')
    .replace('<ca>', ca)
    .replace('<names>', names);
}
