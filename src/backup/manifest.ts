import * as z from 'zod';

/** Raised when older programs could not read what is written. */
export const MANIFEST_FORMAT = 1;

/** A file beside the manifest: a name, never a path. */
const fileName = z.string().regex(/^(?!\.)[^/\\\0]+$/);

/** No z.record, which leaves out a table that is called `__proto__`. */
const rowsSchema = z.custom<Readonly<Record<string, number>>>(
  (data) =>
    typeof data === 'object' &&
    data !== null &&
    Object.values(data).every((n) => Number.isSafeInteger(n) && n >= 0),
  'expected the rows of each table',
);

const sourceSchema = z.object({
  dialect: z.enum(['sqlite', 'postgresql', 'mysql']),
  /** Product and version: `PostgreSQL 15.18`. */
  server: z.string(),
  database: z.string(),
  /** Without password. */
  url: z.string(),
});

/**
 * What lies beside every backup and says what it is. It is written last: a backup without one was cut short.
 * There are no secrets in it.
 */
export const manifestSchema = z.object({
  formatVersion: z.literal(MANIFEST_FORMAT),
  tool: z.object({ name: z.literal('mcpgw'), version: z.string() }),
  /** UTC. */
  createdAt: z.iso.datetime(),
  source: sourceSchema,
  release: z.string(),
  revision: z.string(),
  /** The database was in an upgrade or an installation that had not finished; early manifests do not say. */
  unfinished: z.boolean().default(false),
  file: fileName,
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The copy of the `.env` in use, or null. */
  envFile: fileName.nullable(),
  /** Rows of each table. */
  rows: rowsSchema,
  /** What the tool of this database wants to know when it restores. */
  notes: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;
