import { expect, test } from 'vitest';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { expectSame, mcpgw, realDatabase, servedByOld, whileServing } from '../support/judge.ts';
import { client, oldToken, served } from '../support/served.ts';

describeJudged('after a rollback', ['0.6.0', '0.7.0'], ({ id }) => {
  test.skipIf(REAL_DATABASES === undefined)('v0.6.0 serves everything as before', async () => {
    const database = await realDatabase(id, 'v0.6.0-small');
    const before = await servedByOld(database);
    await mcpgw(database, 'migrate', '--yes', '--no-backup');
    await mcpgw(database, 'rollback', '--yes', '--no-backup', '--discard-new-data');

    const old = await gatewayOn(database, '0.6.0', {});
    const token = await oldToken(old);
    await whileServing(old, async (at) => {
      const after = await served('0.6.0', client(at, token));
      expectSame(before, after);
      expect([...after.keys()]).toEqual([...before.keys()]);
    });
    await mcpgw(database, 'migrate', '--yes', '--no-backup');
    await mcpgw(database, 'verify');
  });
});
