const EMAIL = /^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$/;

/** The form the gateway stores and looks up (COMPATIBILITY §4): trimmed and lower-cased. */
export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * The rules of COMPATIBILITY §4 that a normalised email breaks, each with its mend; empty when it is fine.
 * 255 is the length of `email_users.email`.
 */
export function brokenEmailRules(email: string): string[] {
  const broken: string[] = [];
  if (!EMAIL.test(email)) broken.push('it is not an email address; write one like name@company.com');
  if (email.length > 255) broken.push('it is longer than 255 characters; use a shorter address');
  return broken;
}
