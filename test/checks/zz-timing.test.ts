import { expect, it } from 'vitest';
import { describeEachDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
describeEachDatabase('timing', ({ id }) => {
  it('makes', async () => {
    for (let i = 0; i < 2; i++) {
      const t = performance.now();
      const m = await migratedDatabase(id);
      console.log(id, Math.round(performance.now() - t));
      expect(await m.database.query('select count(*) from tools')).toBe('2');
    }
  });
});
