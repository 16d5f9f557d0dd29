import { MIGRATIONS } from '../../migrations/index.ts';
import type { Schema } from '../schema/model.ts';
import { targetSchema } from './record.ts';

const KNOWN = new Map<'0.6.0' | '0.7.0', Schema>();

/** The schema that a release of the gateway has, as the migrations make it; they are replayed once for it. */
export function releaseSchema(release: '0.6.0' | '0.7.0'): Schema {
  const known = KNOWN.get(release);
  if (known !== undefined) return known;
  const schema = targetSchema(release === '0.6.0' ? MIGRATIONS.slice(0, 1) : MIGRATIONS);
  KNOWN.set(release, schema);
  return schema;
}
