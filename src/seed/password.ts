import { GatewayError } from '../errors.ts';
import { nativeModule } from '../native-modules.ts';
import type { Settings } from '../settings/settings.ts';

export interface PasswordHash {
  readonly hash: string;
  /** What `email_users.password_hash_type` says. */
  readonly type: 'argon2id' | 'bcrypt';
}

/** COMPATIBILITY §4: a 16-byte salt (the library's default) and a 32-byte hash. */
const HASH_BYTES = 32;
/** `Algorithm.Argon2id` of the library, a const enum that cannot be imported into a single file. */
const ARGON2ID = 2;
/** OWASP's advice for bcrypt today. */
const BCRYPT_COST = 12;
/** KiB times passes: 85 times the gateway's default, some seconds of work. */
const ARGON2_MOST_WORK = 1 << 24;
/** bcrypt silently ignores what comes after. */
const BCRYPT_BYTES = 72;

type HashSettings = Pick<
  Settings,
  'passwordHash' | 'argon2idTimeCost' | 'argon2idMemoryCost' | 'argon2idParallelism'
>;

/** Hashes a password in the form the gateway's argon2-cffi (or bcrypt) verifies. */
export async function hashPassword(password: string, settings: HashSettings): Promise<PasswordHash> {
  if (settings.passwordHash === 'bcrypt') {
    if (Buffer.byteLength(password) > BCRYPT_BYTES) {
      throw new GatewayError('SETTINGS', `PLATFORM_ADMIN_PASSWORD: more than ${BCRYPT_BYTES} bytes.`, {
        hint: 'Choose a shorter password, or PASSWORD_HASH=argon2id.',
      });
    }
    return { hash: await nativeModule('bcrypt').hash(password, BCRYPT_COST), type: 'bcrypt' };
  }
  const { hash } = nativeModule('argon2');
  return {
    hash: await hash(password, {
      algorithm: ARGON2ID,
      timeCost: settings.argon2idTimeCost,
      memoryCost: settings.argon2idMemoryCost,
      parallelism: settings.argon2idParallelism,
      outputLen: HASH_BYTES,
    }),
    type: 'argon2id',
  };
}

export type HashKind = 'argon2id' | 'argon2' | 'bcrypt' | 'unknown';

/** What kind of hash a stored one is; argon2i and argon2d are verified by argon2-cffi as well. */
export function hashKind(hash: string): HashKind {
  if (/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/.test(hash)) return 'argon2id';
  if (/^\$argon2[id]\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/.test(hash)) return 'argon2';
  if (/^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) return 'bcrypt';
  return 'unknown';
}

function argon2Work(hash: string): number {
  const [, memory, passes] = /\$m=(\d+),t=(\d+),/.exec(hash) ?? [];
  return Number(memory) * Number(passes);
}

/**
 * Whether a stored hash is of this password; false for hashes of a kind nobody here can verify.
 *
 * @throws GatewayError NATIVE_MODULE
 */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  try {
    switch (hashKind(hash)) {
      case 'argon2id':
      case 'argon2':
        // Such a hash is of no password that anybody logs in with, and would keep this process busy for hours.
        if (argon2Work(hash) > ARGON2_MOST_WORK) return false;
        return await nativeModule('argon2').verify(hash, password);
      case 'bcrypt':
        return await nativeModule('bcrypt').compare(password, hash.replace(/^\$2[xy]/, '$2b'));
      case 'unknown':
        return false;
    }
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // Parameters that contradict each other.
    return false;
  }
}
