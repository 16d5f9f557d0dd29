export type DatabaseId = 'sqlite' | 'postgres' | 'postgres18' | 'mariadb' | 'mysql';
export type TestDialect = 'sqlite' | 'postgresql' | 'mysql';

export interface DatabaseKind {
  readonly id: DatabaseId;
  readonly dialect: TestDialect;
  /** Whether this run has it: SQLite always, a server when its URL is in the environment (`npm test` puts it). */
  readonly available: boolean;
}

const SERVER_DIALECTS = {
  postgres: 'postgresql',
  postgres18: 'postgresql',
  mariadb: 'mysql',
  mysql: 'mysql',
} as const satisfies Record<Exclude<DatabaseId, 'sqlite'>, TestDialect>;

/**
 * Every version of every database that tests run on; the unavailable ones are listed too, so that no test
 * forgets them. For the contract of a dialect, the main job, real databases, and what is about one version.
 */
export const EVERY_VERSION: readonly DatabaseKind[] = [
  { id: 'sqlite', dialect: 'sqlite', available: true },
  ...Object.entries(SERVER_DIALECTS).map(([id, dialect]) => ({
    id: id as DatabaseId,
    dialect,
    available: adminUrl(id as DatabaseId) !== undefined,
  })),
];

/** One of each family, the first that is available: what a behaviour is tested on; every version with `--versions`. */
export const DATABASES: readonly DatabaseKind[] = EVERY_VERSION.filter((kind) => {
  const family = EVERY_VERSION.filter(({ dialect }) => dialect === kind.dialect);
  return (
    process.env.TEST_EVERY_VERSION === '1' || kind === (family.find((one) => one.available) ?? family[0])
  );
});

/** The administrator's URL of a server, given as `TEST_POSTGRES_URL` and so on. */
export function adminUrl(id: DatabaseId): URL | undefined {
  const url = process.env[`TEST_${id.toUpperCase()}_URL`];
  return url === undefined || url === '' ? undefined : new URL(url);
}
