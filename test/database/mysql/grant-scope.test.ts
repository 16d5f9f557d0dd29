import { expect, it } from 'vitest';
import { grantScope, privilegesOn } from '../../../src/database/mysql/privileges.ts';

it.each([
  ['mcp', '`mcp`.*'],
  ['mcp_prod', '`mcp\\_prod`.*'],
  ['a%b`c', '`a\\%b``c`.*'],
])('%s is granted on alone', (database, scope) => {
  expect(grantScope(database)).toBe(scope);
});

it('a grant on one name is none on others that it would stand for', () => {
  const grant = `GRANT SELECT ON ${grantScope('mcp_prod')} TO \`gw\`@\`%\``;
  expect(privilegesOn('mcp_prod', grant)).toEqual(['SELECT']);
  expect(privilegesOn('mcpXprod', grant)).toEqual([]);
});
