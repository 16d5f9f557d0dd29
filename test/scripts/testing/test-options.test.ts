import { expect, test } from 'vitest';
import { testOptions } from '../../../scripts/testing/test-options.ts';

const SHORT = ['--exclude', 'test/faults-long/**', '--exclude', 'test/gateway/long/**'];

test('keeps its own options and passes the others on', () => {
  expect(testOptions(['--sqlite-only', 'test/settings', '-t', 'url'], {})).toEqual({
    sqliteOnly: true,
    everyVersion: false,
    allNeeded: false,
    vitestArguments: ['test/settings', '-t', 'url', ...SHORT],
    gateways: 'none',
    tried: 'no',
  });
});

test('needs every database with --all, and in CI', () => {
  expect(testOptions(['--all'], {}).allNeeded).toBe(true);
  expect(testOptions([], { CI: 'true' }).allNeeded).toBe(true);
  expect(testOptions([], { CI: '' }).allNeeded).toBe(false);
});

test('leaves out the long fault tests unless --faults or their name asks for them', () => {
  expect(testOptions([], {}).vitestArguments).toEqual(SHORT);
  expect(testOptions(['--faults', '-t', 'kill'], {}).vitestArguments).toEqual([
    '-t',
    'kill',
    'test/faults/',
    'test/faults-long/',
    ...SHORT.slice(2),
  ]);
  expect(testOptions(['test/faults-long/kill.test.ts'], {}).vitestArguments).toEqual([
    'test/faults-long/kill.test.ts',
    ...SHORT.slice(2),
  ]);
});

test('compares the page of what was tried when all tests run on every version with all they can use, and writes it with --tried', () => {
  const ci = { CI: 'true', MCPGW_REAL_DATABASES: '/real' };
  expect(testOptions(['--versions'], ci).tried).toBe('compare');
  const real = { MCPGW_REAL_DATABASES: '/real' };
  expect(testOptions(['--versions', '--all'], real).tried).toBe('compare');
  expect(testOptions(['--versions'], { CI: 'true' }).tried).toBe('no');
  expect(testOptions([], ci).tried).toBe('no');
  expect(testOptions(['--faults'], ci).tried).toBe('no');
  expect(testOptions(['--tried'], {})).toMatchObject({
    tried: 'write',
    everyVersion: true,
    vitestArguments: ['test/field/', ...SHORT],
  });
});

test('needs the real gateway in CI, and all its releases with --gateway', () => {
  expect(testOptions([], {}).gateways).toBe('none');
  expect(testOptions([], { CI: 'true' }).gateways).toBe('short');
  expect(testOptions(['--gateway'], {})).toMatchObject({
    gateways: 'all',
    vitestArguments: ['test/gateway/', ...SHORT.slice(0, 2)],
  });
});
