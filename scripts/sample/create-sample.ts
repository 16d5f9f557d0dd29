import firstMigration from '../../migrations/0001_v0_6_0_tables.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { withDatabase } from '../../src/database/with-database.ts';
import { record } from '../../src/migrate/record.ts';
import { REVISION } from '../../src/migrate/state.ts';
import { parseDatabaseUrl } from '../../src/settings/database-url.ts';
import { ownedRows } from './owned-rows.ts';
import { random } from './random.ts';
import { relatedRows } from './related-rows.ts';
import type { SampleSize } from './sample-size.ts';
import { times } from './sample-table.ts';
import { writeRows } from './write-rows.ts';

/**
 * Makes a v0.6.0 database as that release leaves it, filled with rows that look like real ones. The same size
 * and seed give the same rows on every database.
 *
 * @param url SQLAlchemy URL of a database without tables; an SQLite file is made when it is missing
 * @returns how many rows were written
 * @throws Error when there are tables already: a sample never mixes with real data
 */
export async function createSample(url: string, size: SampleSize): Promise<number> {
  const { target } = parseDatabaseUrl(url, process.cwd());
  return withDatabase(
    target,
    { access: 'write', create: true, retries: 0, retryIntervalMs: 0 },
    async (db) => {
      if ((await db.dialect.readSchema(db)).size > 0) {
        throw new Error('There are tables in the database already: a sample needs an empty one.');
      }
      await db.run(statement('BEGIN'));
      await createTables(db);
      const source = random(size.seed);
      const idsOf = (count: number) => [...times(count, () => source.hex(32))];
      const ids = {
        tools: idsOf(size.tools),
        servers: idsOf(size.servers),
        gateways: idsOf(size.gateways),
        agents: idsOf(size.agents),
      };
      let written = 0;
      for (const table of [...ownedRows(source, size, ids), ...relatedRows(source, size, ids)]) {
        if (table !== null) written += await writeRows(db, table);
      }
      await db.run(statement('COMMIT'));
      return written;
    },
  );
}

async function createTables(db: Connection): Promise<void> {
  const nothing = { nulls: () => 0, zonedTimes: db.dialect.zonedTimes, missingFrom: () => 0 };
  const nobody = { teamId: null, ownerEmail: null, visibility: 'private' };
  const { steps } = record([firstMigration], 'up', new Map(), db.dialect, nothing, nobody);
  for (const create of steps.flatMap((step) => step.statements)) await db.run(create);
  await db.run(
    statement(
      'CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))',
    ),
  );
  await db.run(statement(`INSERT INTO alembic_version (version_num) VALUES ('${REVISION.v060}')`));
}
