import type { Settings } from './settings.ts';

export type PasswordPolicy = Pick<
  Settings,
  | 'passwordHash'
  | 'passwordMinLength'
  | 'passwordRequireUppercase'
  | 'passwordRequireLowercase'
  | 'passwordRequireNumbers'
  | 'passwordRequireSpecial'
>;

/** bcrypt reads no further: two passwords that differ behind it would both log in. */
const BCRYPT_MAX_BYTES = 72;

const CONTROLS: Readonly<Record<string, string>> = {
  '\0': 'a NUL character',
  '\t': 'a tab',
  '\n': 'a newline',
  '\r': 'a carriage return',
};

/**
 * Every rule of the policy (COMPATIBILITY §3) a password breaks, each with what to do and without the password.
 * Characters are counted as Python counts them, by code point.
 */
export function brokenPasswordRules(password: string, policy: PasswordPolicy): string[] {
  const ends = /(?:\r?\n|\r)+$/.test(password) ? 'a newline' : '';
  const control = /\p{Cc}/u.exec(password.replace(/[\r\n]+$/, ''))?.[0];
  const holds = control === undefined ? '' : (CONTROLS[control] ?? 'a control character');
  const rules: [boolean, string][] = [
    [
      [...password].length < policy.passwordMinLength,
      `it has fewer than ${policy.passwordMinLength} characters; make it longer (PASSWORD_MIN_LENGTH)`,
    ],
    [
      policy.passwordRequireUppercase && !/[A-Z]/.test(password),
      'it has no upper-case letter; add one (PASSWORD_REQUIRE_UPPERCASE)',
    ],
    [
      policy.passwordRequireLowercase && !/[a-z]/.test(password),
      'it has no lower-case letter; add one (PASSWORD_REQUIRE_LOWERCASE)',
    ],
    [
      policy.passwordRequireNumbers && !/\p{Nd}/u.test(password),
      'it has no digit; add one (PASSWORD_REQUIRE_NUMBERS)',
    ],
    [
      policy.passwordRequireSpecial && !/[!@#$%^&*(),.?":{}|<>]/.test(password),
      'it has no special character; add one of !@#$%^&*(),.?":{}|<> (PASSWORD_REQUIRE_SPECIAL)',
    ],
    [
      ends !== '',
      `it ends in ${ends}, which nobody can type at a login; write it without (printf %s in place of echo, which adds one to a Kubernetes Secret)`,
    ],
    [holds !== '', `it holds ${holds}, which nobody can type at a login; take it out`],
    [
      policy.passwordHash === 'bcrypt' && Buffer.byteLength(password) > BCRYPT_MAX_BYTES,
      `it has more than ${BCRYPT_MAX_BYTES} bytes and bcrypt ignores the rest; make it shorter or set PASSWORD_HASH=argon2id`,
    ],
  ];
  return rules.flatMap(([broken, text]) => (broken ? [text] : []));
}
