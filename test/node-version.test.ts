import { describe, expect, it } from 'vitest';
import { isSupported } from '../src/node-version.ts';

describe('isSupported', () => {
  it.each([
    ['18.20.8', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['22.13.1', true],
    ['24.1.0', true],
  ])('%s: %s', (version, supported) => {
    expect(isSupported(version)).toBe(supported);
  });
});
