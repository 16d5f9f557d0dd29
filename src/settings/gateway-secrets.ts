/** A secret that only the gateway reads, and what it uses where nobody sets one. */
export interface GatewaySecret {
  readonly name: string;
  /** In v0.6.0 and v0.7.0, and in what the gateway's documents tell people to copy. */
  readonly defaults: readonly string[];
  /** Bytes below which it is weak whatever it is; 0 for none. */
  readonly leastBytes: number;
  readonly risk: string;
}

/** Later releases of the gateway ship this in place of a default, and refuse to start with it. */
const PLACEHOLDER = '__REPLACE_ME__run_init-secrets_before_starting';

export const GATEWAY_SECRETS: readonly GatewaySecret[] = [
  {
    name: 'JWT_SECRET_KEY',
    defaults: ['my-test-key', 'my-secret-key', 'changeme', PLACEHOLDER],
    // RFC 7518, 3.2: a key for HS256 has at least the 256 bits of the hash.
    leastBytes: 32,
    risk: 'whoever guesses it signs tokens for any user',
  },
  {
    name: 'AUTH_ENCRYPTION_SECRET',
    defaults: ['my-test-salt', 'changeme', PLACEHOLDER],
    leastBytes: 8,
    risk: 'whoever guesses it and has a copy of the database reads the credentials of gateways; with another one those stored already must be entered again',
  },
  {
    name: 'BASIC_AUTH_PASSWORD',
    defaults: ['changeme'],
    leastBytes: 8,
    risk: 'whoever guesses it administers the gateway',
  },
];
