/** Who sees a row (COMPATIBILITY §5): its owner, the members of its team, every user. */
export const VISIBILITIES = ['private', 'team', 'public'] as const;
