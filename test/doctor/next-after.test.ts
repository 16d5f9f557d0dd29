import { describe, expect, it } from 'vitest';
import { nextAfter } from '../../src/doctor/next-after.ts';
import { mcpgw, shell, sqlCommand, type Text } from '../../src/report/advice.ts';
import type { DraftCheck } from '../../src/report/report.ts';
import { checkWith } from '../report/fixtures.ts';

const failed = (command: Text = ''): DraftCheck => ({ ...checkWith({ status: 'failed' }), command });
const repairable = (status: 'failed' | 'warned'): DraftCheck => ({
  ...checkWith({ status, fixable: true }),
  command: mcpgw('doctor', '--repair'),
});
const ab = shell('a b');

describe('nextAfter', () => {
  it.each<[string, DraftCheck[], Text | undefined]>([
    ['the error that --repair cannot mend, first', [repairable('warned'), failed(ab)], ab],
    ['and before an error that it can', [repairable('failed'), failed(ab)], ab],
    ['the first of several', [failed(), failed(ab), failed(shell('c'))], ab],
    ['nothing for one that no command mends', [repairable('warned'), failed()], undefined],
    ['the doctor again after SQL', [failed(sqlCommand('GRANT SELECT ON t TO u;'))], mcpgw('doctor')],
    ['a repair', [checkWith({}), repairable('warned')], mcpgw('doctor', '--repair')],
    ['the migration of what is well', [checkWith({}), checkWith({ status: 'warned' })], mcpgw('migrate')],
    ['no migration of what was not looked at', [checkWith({ status: 'skipped' })], undefined],
  ])('%s', (_, checks, next) => {
    expect(nextAfter(checks, '0.6.0')).toEqual(next);
  });

  it('has nothing to do at v0.7.0, and nothing to say of what it could not open', () => {
    expect(nextAfter([checkWith({})], '0.7.0')).toBeUndefined();
    expect(nextAfter([checkWith({})], null)).toBeUndefined();
  });
});
