import { expect, it } from 'vitest';
import { gatewayVisibility } from '../../src/checks/belonging-checks.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { fix, problems, verify } from '../support/run-checks.ts';

describeEachDatabase(gatewayVisibility.id, ({ id }) => {
  it('finds what is not as visible as its gateway, and changes it only where a visibility is named', async () => {
    const at = await migratedDatabase(id, ({ query }) =>
      query(`UPDATE prompts SET gateway_id = 'gateway-2' WHERE id = 1; UPDATE gateways SET visibility = 'team' WHERE id = 'gateway-1';
        UPDATE prompts SET visibility = 'private' WHERE id = 1`),
    );
    const found = problems(await verify(at, DATA_CHECKS));
    expect(Object.keys(found)).toEqual([gatewayVisibility.id]);
    expect(found[gatewayVisibility.id]).toMatchObject({
      status: 'warned',
      count: 2,
      fixable: false,
      findings: [
        'gateways gateway-1 “Gateway 1”: team, and 1 of its tools are not',
        'gateways gateway-2 “Gateway 2”: public, and 1 of its prompts are not',
      ],
    });
    expect((await fix(at, [gatewayVisibility])).steps).toEqual([]);
    expect(await fix(at, [gatewayVisibility], { visibility: 'team' })).toMatchObject({
      checks: [{ repaired: 1, remaining: 1 }],
    });
    expect(await at.database.query('SELECT id, visibility FROM tools ORDER BY id')).toBe(
      'tool-1\tteam\ntool-2\tpublic',
    );
    await fix(at, [gatewayVisibility], { visibility: 'public' });
    expect(await at.database.query('SELECT visibility FROM prompts WHERE id = 1')).toBe('public');
    expect(await verify(at, [gatewayVisibility])).toMatchObject([{ status: 'passed' }]);
  });
});
