import type { Statement } from '../database/statement.ts';
import { hashKind } from '../seed/password.ts';

/** A statement with its parameters, as `--dry-run` shows it; password hashes are masked. */
export function printStatement({ sql, parameters }: Statement): string {
  const text = sql.replaceAll(/\s+/g, ' ').trim();
  if (parameters.length === 0) return text;
  return `${text} -- ${parameters.map(printParameter).join(', ')}`;
}

function printParameter(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return String(value);
  return hashKind(value) === 'unknown' ? `'${value.replaceAll("'", "''")}'` : "'***'";
}
