const EMAIL = /^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$/;

/** The form the gateway stores and looks up (COMPATIBILITY §4): trimmed and lower-cased. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * The rules of COMPATIBILITY §4 that a normalised email breaks, each with what to do; empty when it is fine.
 * 255 is the length of `email_users.email`.
 */
export function brokenEmailRules(email: string): string[] {
  const broken: string[] = [];
  if (!EMAIL.test(email)) broken.push('it is not an email address; write one like name@company.com');
  if (email.length > 255) broken.push('it is longer than 255 characters; use a shorter address');
  return broken;
}

/**
 * Names that belong to no domain of the internet (RFC 2606, 6761, 7686, 3172). v0.7.0 of the gateway takes such an
 * address in its admin form only; `.example`, `.internal` and `.lan` it takes everywhere.
 */
const SPECIAL = /\.(arpa|invalid|local|localhost|onion|test)$/;
/** Dots and hyphens where none belong, and a part of a domain of more than 63 characters: the same. */
const MALFORMED = /^\.|\.\.|\.@|@[.-]|\.-|-\.|@(.*\.)?[^.]{64}/;

/** Where an administrator of this address cannot log in, as a sentence without its subject; null where everywhere. */
export function loginLimit(email: string): string | null {
  const address = normaliseEmail(email);
  const [name] = SPECIAL.exec(address) ?? MALFORMED.exec(address) ?? [];
  if (name === undefined) return null;
  const which = name.length > 1 && SPECIAL.test(name) ? `under ${name}` : 'of this form';
  return `logs in by the form at /admin only: v0.7.0’s POST /auth/email/login answers 422 to an address ${which}`;
}
