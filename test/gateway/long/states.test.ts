import { describe, test } from 'vitest';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { giveKnownPassword, giveRealSecrets } from '../support/dump-secrets.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, expectAccepted, expectNothingToDo, mcpgw, realDatabase } from '../support/judge.ts';

/** What is served is compared for the first of them; the others must leave the gateway nothing to do. */
const STATES = ['v0.7.0-upgraded-small', 'v0.7.0-upgraded-real', 'v0.6.0-crashed-upgrade', 'v0.7.0-fresh'];

describeJudged('the real gateway accepts every state', ['0.7.0'], ({ id }) => {
  test('a database made from nothing', async () => {
    const database = await emptyDatabase(id);
    await mcpgw(database, 'bootstrap-db', '--yes');
    await expectAccepted(database);
  });

  describe.skipIf(REAL_DATABASES === undefined)('real databases', () => {
    for (const [index, state] of STATES.entries()) {
      test(`${state}, adopted`, async () => {
        const database = await realDatabase(id, state);
        const gateway = await gatewayOn(database, '0.7.0');
        await giveRealSecrets(database, gateway);
        if (index === 0) await giveKnownPassword(database, gateway);
        await mcpgw(database, 'migrate', '--yes', '--no-backup');
        await (index === 0 ? expectAccepted(database) : expectNothingToDo(database, gateway));
      });
    }
  });
});
