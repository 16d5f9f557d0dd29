import type { Statement } from '../database/statement.ts';
import type { SeedPart } from '../seed/plan-seed.ts';
import type { CheckContext } from './check.ts';

/** What has to run so that these seeds are there; empty where they are, or while there is no administrator. */
export function seedStatements({ seed }: CheckContext, ...ids: readonly SeedPart['id'][]): Statement[] {
  return ids.flatMap((id) => seed?.parts.find((part) => part.id === id)?.statements ?? []);
}

/** What those among the statements that are seeds make, for people. */
export function seedsAmong({ seed }: CheckContext, statements: readonly Statement[]): string[] {
  const parts = seed?.parts.filter((part) => part.statements.some((one) => statements.includes(one))) ?? [];
  return parts.flatMap((part) => part.created);
}
