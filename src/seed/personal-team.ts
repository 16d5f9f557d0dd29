import type { Settings } from '../settings/settings.ts';
import { slugify } from './slugify.ts';

type TeamSettings = Pick<Settings, 'personalTeamPrefix' | 'gatewayToolNameSeparator'>;

export interface PersonalTeam {
  readonly name: string;
  /** The slug it takes, and the one it takes when that is taken. */
  readonly slugs: readonly [string, string];
  readonly description: string;
}

/** Its row, but for id and time. */
export const personalTeamOf = (email: string, { name, description }: PersonalTeam, slug: string) =>
  ({
    name,
    slug,
    description,
    createdBy: email,
    isPersonal: true,
    visibility: 'private',
    maxMembers: null,
  }) as const;

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
