import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../database/dialect.ts';

/** Who sees a row (COMPATIBILITY §5): its owner, the members of its team, every user. */
export const VISIBILITIES = ['private', 'team', 'public'] as const;
export const TEAM_VISIBILITIES = ['private', 'public'] as const;

/** A condition: the column holds something else than these, letter by letter as the gateway compares it, or nothing. */
export function isOutside(dialect: Dialect, column: string, domain: readonly string[]): RawBuilder<unknown> {
  const known = sql.join(domain.map((name) => sql.lit(name)));
  return sql`(${sql.raw(column)} IS NULL OR ${sql.raw(dialect.exactly(column))} NOT IN (${known}))`;
}
