import { test } from 'vitest';
import { connect } from './support/connect.ts';
import { createV060 } from './support/create-v060.ts';
import { createDatabase } from './support/databases.ts';
import { migrate } from './support/migrate.ts';
import { stopping } from './support/stopping.ts';
test('x', async () => {
  const database = await createDatabase('mariadb');
  await connect(database, (db) => createV060(db));
  let last = '';
  for (let i = 0; i < 200; i++) {
    const sent: string[] = [];
    const e = await migrate(database, { wrap: (db) => stopping({ ...db, run: async (s) => { sent.push(s.sql.slice(0, 200)); return db.run(s); } }, 1) }).then(() => null, (r) => r);
    if (i > 150 || sent.join() === last && !sent.join().includes("INSERT")) { console.log(i, sent, e?.message, e?.cause?.message); break; }
    last = sent.join();
    if (e === null) { console.log('done after', i); break; }
  }
  await database.drop();
});
