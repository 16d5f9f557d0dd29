import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { hashKind, hashPassword, verifyPassword } from '../../src/seed/password.ts';

const ARGON2ID = {
  passwordHash: 'argon2id',
  argon2idTimeCost: 3,
  argon2idMemoryCost: 65_536,
  argon2idParallelism: 1,
} as const;
const CHEAP = { ...ARGON2ID, argon2idTimeCost: 1, argon2idMemoryCost: 16, argon2idParallelism: 2 };
const BCRYPT = { ...ARGON2ID, passwordHash: 'bcrypt' } as const;

describe('hashPassword', () => {
  test('argon2id is in the form Python’s argon2-cffi accepts, with the gateway’s parameters', async () => {
    const { hash, type } = await hashPassword('Str0ng-Passw0rd!', ARGON2ID);
    expect(type).toBe('argon2id');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword(hash, 'Str0ng-Passw0rd!')).toBe(true);
    expect(await verifyPassword(hash, 'str0ng-Passw0rd!')).toBe(false);
  });

  test('argon2id follows the settings, and no two salts are the same', async () => {
    const [a, b] = await Promise.all([hashPassword('x', CHEAP), hashPassword('x', CHEAP)]);
    expect(a.hash).toMatch(/^\$argon2id\$v=19\$m=16,t=1,p=2\$/);
    expect(a.hash).not.toBe(b.hash);
  });

  test('a hash is of its own password only', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (password, other) => {
        const { hash } = await hashPassword(password, CHEAP);
        expect(await verifyPassword(hash, password)).toBe(true);
        expect(await verifyPassword(hash, other)).toBe(other === password);
      }),
      { numRuns: 30 },
    );
  });

  test('bcrypt costs 12', async () => {
    const { hash, type } = await hashPassword('Str0ng-Passw0rd!', BCRYPT);
    expect(type).toBe('bcrypt');
    expect(hash).toMatch(/^\$2b\$12\$[./A-Za-z0-9]{53}$/);
    expect(await verifyPassword(hash, 'Str0ng-Passw0rd!')).toBe(true);
    expect(await verifyPassword(hash, 'other')).toBe(false);
  });

  test('bcrypt refuses what it would cut, counted in bytes', async () => {
    await expect(hashPassword('ä'.repeat(36), BCRYPT)).resolves.toMatchObject({ type: 'bcrypt' });
    const refused = hashPassword('ä'.repeat(37), BCRYPT);
    await expect(refused).rejects.toBeInstanceOf(GatewayError);
    await expect(refused).rejects.toMatchObject({ code: 'SETTINGS' });
  });
});

describe('verifyPassword', () => {
  test.each([
    ['not a hash', 'unknown'],
    ['', 'unknown'],
    ['$argon2id$v=19$t=3,m=65536,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaA', 'unknown'],
    ['$2x$12$abc', 'unknown'],
  ] as const)('%s is of kind %s, and of no password', async (hash, kind) => {
    expect(hashKind(hash)).toBe(kind);
    expect(await verifyPassword(hash, '')).toBe(false);
  });

  test('a hash with absurd parameters is of no password', async () => {
    const hash = `$argon2id$v=19$m=4294967295,t=4294967295,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    expect(hashKind(hash)).toBe('argon2id');
    expect(await verifyPassword(hash, 'x')).toBe(false);
  }, 5_000);

  test('reads bcrypt hashes of other implementations', async () => {
    const { hash } = await hashPassword('x', BCRYPT);
    expect(await verifyPassword(hash.replace('$2b$', '$2y$'), 'x')).toBe(true);
    expect(await verifyPassword(hash.replace('$2b$', '$2a$'), 'x')).toBe(true);
  });
});
