import { describe, expect, it } from 'vitest';
import { nextAfter } from '../../src/doctor/next-after.ts';
import { checkWith } from '../report/fixtures.ts';

const failed = (command: string) => checkWith({ status: 'failed', command });
const repairable = (status: 'failed' | 'warned') =>
  checkWith({ status, fixable: true, command: 'mcpgw doctor --repair' });

describe('nextAfter', () => {
  it.each([
    ['the error that --repair cannot mend, first', [repairable('warned'), failed('a b')], 'a b'],
    ['and before an error that it can', [repairable('failed'), failed('a b')], 'a b'],
    ['the first of several', [failed(''), failed('a b'), failed('c')], 'a b'],
    ['nothing for one that no command mends', [repairable('warned'), failed('')], ''],
    ['the doctor again after SQL', [failed('GRANT SELECT ON t TO u;')], 'mcpgw doctor'],
    ['a repair', [checkWith({}), repairable('warned')], 'mcpgw doctor --repair'],
    ['the migration of what is well', [checkWith({}), checkWith({ status: 'warned' })], 'mcpgw migrate'],
    ['no migration of what was not looked at', [checkWith({ status: 'skipped' })], ''],
  ])('%s', (_, checks, next) => {
    expect(nextAfter(checks, '0.6.0')).toBe(next);
  });

  it('has nothing to do at v0.7.0, and nothing to say of what it could not open', () => {
    expect(nextAfter([checkWith({})], '0.7.0')).toBe('');
    expect(nextAfter([checkWith({})], null)).toBe('');
  });
});
