import { test } from 'vitest';
import { plantOnServer } from '../../support/plant-on-server.ts';
import { DEFECTS, type Planted, plantIn } from '../../support/planted-defects.ts';
import { REAL_DATABASES } from '../../support/real-dumps.ts';
import { giveRealSecrets } from '../support/dump-secrets.ts';
import { describeJudged, gatewayOn } from '../support/gateways.ts';
import { expectAccepted, mcpgw, realDatabase, servedByOld } from '../support/judge.ts';
import type { Entity, Served } from '../support/served.ts';

/** The defects in rounds: in each one every check has one defect at the most, so that none hides another. */
function rounds(): readonly (readonly Planted[])[] {
  const made: Planted[][] = [];
  for (const defect of Object.values(DEFECTS)) {
    const round = made.find((defects) => !defects.some(({ check }) => check === defect.check));
    if (round === undefined) made.push([defect]);
    else round.push(defect);
  }
  return made;
}

/** A metric of a tool that is gone is deleted, and the tool that had it counts one less. */
function withoutMetrics(served: Served): Served {
  const tools = [...(served.get('/tools') ?? [])].map(
    ([id, { metrics, executionCount, ...tool }]) => [id, tool as Entity] as const,
  );
  return new Map([...served, ['/tools', new Map(tools)]]);
}

describeJudged('the real gateway accepts what fix repaired', ['0.6.0', '0.7.0'], ({ id, dialect }) => {
  const plants =
    dialect === 'sqlite'
      ? rounds().map((round) => (name: string) => {
          for (const { plant } of round) plantIn(name, plant);
        })
      : [undefined];
  let served: Served | undefined;
  for (const [index, plant] of plants.entries()) {
    test.skipIf(REAL_DATABASES === undefined)(`round ${index + 1} of ${plants.length}`, async () => {
      const database = await realDatabase(id, 'v0.6.0-small');
      if (served === undefined) served = withoutMetrics(await servedByOld(database));
      else await giveRealSecrets(database, await gatewayOn(database, '0.6.0', {}));
      await mcpgw(database, 'migrate', '--yes', '--no-backup');
      await (plant === undefined ? plantOnServer(database) : plant(database.name));
      await mcpgw(database, 'fix', '--yes', '--no-backup');
      await mcpgw(database, 'verify');
      await expectAccepted(database, served);
    });
  }
});
