import { test } from 'vitest';
import { REAL_DATABASES } from '../support/real-dumps.ts';
import { describeJudged } from './support/gateways.ts';
import { expectAccepted, mcpgw, realDatabase, servedByOld } from './support/judge.ts';

describeJudged('the real gateway accepts what mcpgw leaves', ['0.6.0', '0.7.0'], ({ id }) => {
  test.skipIf(REAL_DATABASES === undefined)('a migrated database serves as it did, and is used', async () => {
    const database = await realDatabase(id, 'v0.6.0-small');
    const before = await servedByOld(database);
    await mcpgw(database, 'migrate', '--yes', '--no-backup');
    await mcpgw(database, 'verify');
    await expectAccepted(database, before);
  });
});
