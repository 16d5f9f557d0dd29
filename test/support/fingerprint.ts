import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { connect } from './connect.ts';
import type { TestDatabase } from './databases.ts';
import { databaseContent } from './table-content.ts';

/**
 * Tells whether anything was written: on SQLite the bytes and the time of the file and what lies beside it, on
 * a server every row and the whole schema.
 */
export async function fingerprint(
  database: Pick<TestDatabase, 'dialect' | 'url' | 'name'>,
): Promise<unknown> {
  if (database.dialect === 'sqlite') return fileFingerprint(database.name);
  return connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    const rows = [...(await databaseContent(db, schema))].map(([table, content]) => [table, [...content]]);
    return { schema: [...schema.values()], rows: hash(JSON.stringify(rows)) };
  });
}

/** The file's bytes and time of change, and the names of everything in its folder. */
export function fileFingerprint(path: string): unknown {
  if (!existsSync(path)) return { beside: existsSync(dirname(path)) ? readdirSync(dirname(path)) : null };
  const { mtimeNs, size, mode } = statSync(path, { bigint: true });
  const bytes = statSync(path).isFile() ? hash(readFileSync(path)) : null;
  return { mtimeNs, size, mode, bytes, beside: readdirSync(dirname(path)).toSorted() };
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
