import { expect, test } from 'vitest';
import { retryLog } from '../../src/commands/retry-log.ts';
import { GatewayError } from '../../src/errors.ts';

const REFUSED = new GatewayError('UNREACHABLE', 'It does not answer.');
const STARTING = new GatewayError('UNREACHABLE', 'It is starting.');

function lines(repeatMs: number, errors: readonly GatewayError[]): string[] {
  const told: string[] = [];
  let seconds = 100;
  const onRetry = retryLog({ log: (line) => told.push(line), repeatMs, now: () => seconds * 1000 });
  for (const error of errors) {
    onRetry(error, 1000);
    seconds += 1;
  }
  return told;
}

test('a log gets a line when the reason changes, and every 15 seconds', () => {
  const errors = [...Array<GatewayError>(32).fill(REFUSED), STARTING, STARTING, REFUSED];
  expect(lines(15_000, errors)).toEqual([
    'It does not answer. Trying again every 1 s …',
    'It does not answer. Still waiting … (15 s)',
    'It does not answer. Still waiting … (30 s)',
    'It is starting. Trying again every 1 s …',
    'It does not answer. Trying again every 1 s …',
  ]);
});

test('elsewhere every try is told', () => {
  expect(lines(0, [REFUSED, REFUSED])).toEqual([
    'It does not answer. Trying again in 1 s …',
    'It does not answer. Trying again in 1 s …',
  ]);
});
