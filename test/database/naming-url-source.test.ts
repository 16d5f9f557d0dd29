import { expect, test } from 'vitest';
import { namingUrlSource } from '../../src/database/with-database.ts';
import { GatewayError } from '../../src/errors.ts';

const blaming = new GatewayError('AUTHENTICATION', 'PostgreSQL refused the password of DATABASE_URL.', {
  hint: 'Put it into DATABASE_URL, or DATABASE_URL_FILE: DATABASE_URL=…',
  details: ['DATABASE_URL is wrong'],
  cause: 'the driver',
});

test('what the URL came from stands in place of DATABASE_URL, and assignments stay', () => {
  expect(namingUrlSource(blaming, '--database-url')).toMatchObject({
    code: 'AUTHENTICATION',
    message: 'PostgreSQL refused the password of --database-url.',
    hint: 'Put it into --database-url, or DATABASE_URL_FILE: DATABASE_URL=…',
    details: ['--database-url is wrong'],
    cause: 'the driver',
  });
});

test('other errors, and those about DATABASE_URL itself, are left as they are', () => {
  class Special extends GatewayError {}
  const special = new Special('FAILED', 'DATABASE_URL');
  expect(namingUrlSource(special, '--database-url')).toBe(special);
  expect(namingUrlSource(blaming, undefined)).toBe(blaming);
});
