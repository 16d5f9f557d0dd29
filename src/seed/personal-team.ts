import type { Settings } from '../settings/settings.ts';
import { slugify } from './slugify.ts';

type TeamSettings = Pick<Settings, 'personalTeamPrefix' | 'gatewayToolNameSeparator'>;

export interface PersonalTeam {
  readonly name: string;
  /** The slug it takes, and the one it takes when that is taken. */
  readonly slugs: readonly [string, string];
  readonly description: string;
}

/** The personal team of a user as the gateway makes it (COMPATIBILITY §4). */
export function personalTeam(email: string, fullName: string | null, settings: TeamSettings): PersonalTeam {
  const who = fullName === null || fullName === '' ? (email.split('@')[0] ?? email) : fullName;
  const name = `${who}'s Team`;
  return {
    name,
    slugs: [
      slugify(name, settings.gatewayToolNameSeparator),
      `${settings.personalTeamPrefix}-${email.replaceAll(/[@.]/g, '-')}`,
    ],
    description: `Personal workspace for ${email}`,
  };
}
