import { expect, test } from 'vitest';
import { connectFailure } from '../../src/database/said-by-server.ts';

const failed = (code: string, hostname?: string) =>
  connectFailure('PostgreSQL', Object.assign(new Error(`it was ${code}`), { code, hostname }));

test.each([
  ['ENOTFOUND', 'The name db is not known here (ENOTFOUND).'],
  ['EAI_AGAIN', 'The name db cannot be looked up: no name server answers (EAI_AGAIN).'],
  ['ECONNREFUSED', 'PostgreSQL does not answer (ECONNREFUSED).'],
  ['ETIMEDOUT', 'PostgreSQL does not answer (ETIMEDOUT).'],
])('%s: %s', (code, message) => {
  expect(failed(code, 'db')).toMatchObject({
    code: 'UNREACHABLE',
    message,
    hint: expect.stringContaining('--wait 60'),
  });
});

test('what the system did not say is not its business', () => {
  expect(failed('28P01')).toBeNull();
});
