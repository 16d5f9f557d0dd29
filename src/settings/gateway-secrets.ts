/** What the gateway ships with and everybody knows. */
export const DEFAULT_ENCRYPTION_SECRET = 'my-test-salt';

/** A secret of the gateway, and what it uses where nobody sets one. */
export interface GatewaySecret {
  readonly name: string;
  /** In v0.6.0 and v0.7.0, and in what the gateway's documents tell people to copy. */
  readonly defaults: readonly string[];
  /** Characters below which it is weak whatever it is. */
  readonly leastLength: number;
  /** Bits of entropy a character below which gateway 1.x does not start with it; 0 where it does not ask. */
  readonly leastEntropy: number;
  readonly risk: string;
}

/** Later releases of the gateway ship this in place of a default, and refuse to start with it. */
const PLACEHOLDER = '__REPLACE_ME__run_init-secrets_before_starting';

export const GATEWAY_SECRETS: readonly GatewaySecret[] = [
  {
    name: 'JWT_SECRET_KEY',
    defaults: ['my-test-key', 'my-secret-key', 'changeme', PLACEHOLDER],
    // RFC 7518, 3.2: a key for HS256 has at least the 256 bits of the hash. Gateway 1.0.7 counts characters.
    leastLength: 32,
    leastEntropy: 3.5,
    risk: 'whoever guesses it signs tokens for any user, and gateway 1.x does not start with it',
  },
  {
    name: 'AUTH_ENCRYPTION_SECRET',
    defaults: [DEFAULT_ENCRYPTION_SECRET, 'changeme', PLACEHOLDER],
    leastLength: 8,
    leastEntropy: 0,
    risk: 'whoever guesses it and has a copy of the database reads the credentials of gateways; with another one those stored already must be entered again',
  },
  {
    name: 'BASIC_AUTH_PASSWORD',
    defaults: ['changeme'],
    leastLength: 8,
    leastEntropy: 0,
    risk: 'whoever guesses it administers the gateway',
  },
];

/** Bits of entropy a character, by how often each occurs (Shannon), as the gateway counts them. */
export function entropyOf(text: string): number {
  const characters = [...text];
  const counts = new Map<string, number>();
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, n) => sum - (n / characters.length) * Math.log2(n / characters.length),
    0,
  );
}
