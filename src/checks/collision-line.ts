import type { Collision } from '../ownership/collisions.ts';
import { rowLine } from './row-line.ts';

/** A row that cannot be given its owner, and what is in the way. */
export function collisionLine(table: string, { id, column, value, teamId, ownerEmail }: Collision): string {
  return rowLine(table, id, value, `the ${column} is taken for team ${teamId} and owner ${ownerEmail}`);
}
