import type { Connection } from '../../src/database/connection.ts';

/** A connection whose `run` fails, before it sends anything, once it has run so many statements. */
export function stopping(db: Connection, after: number): Connection {
  let left = after;
  return {
    ...db,
    async run(statement) {
      // The locks of a run, and what ends it, are not part of what it does.
      const counts = !/^(BEGIN|START|COMMIT|ROLLBACK|PRAGMA|SET|SAVEPOINT|RELEASE|LOCK|UNLOCK)\b/.test(
        statement.sql,
      );
      if (counts && left-- <= 0) throw new Error('stopped by the test');
      return db.run(statement);
    },
  };
}
