import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watch } from '../../src/database/watch.ts';

const never = () => new Promise<string>(() => {});
const options = { statementTimeoutMs: 0, silenceMs: 100 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('gives the answer, or the error, of the statement', async () => {
  const cut = vi.fn();
  const isReachable = vi.fn(async () => true);
  const watched = watch({ ...options, isReachable, cut });
  expect(await watched(async () => 'answer')).toBe('answer');
  await expect(watched(() => Promise.reject(new Error('no such table')))).rejects.toThrow('no such table');
  await vi.advanceTimersByTimeAsync(10_000);
  expect([isReachable.mock.calls.length, cut.mock.calls.length]).toEqual([0, 0]);
});

test('waits for as long as it takes while the server can be reached', async () => {
  const cut = vi.fn();
  let looks = 0;
  // Every second look fails: a server that is busy for a moment is not gone.
  const watched = watch({ ...options, isReachable: async () => looks++ % 2 === 0, cut });
  const answer = watched(() => new Promise((resolve) => setTimeout(resolve, 3_600_000, 'late')));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(await answer).toBe('late');
  expect(looks).toBeGreaterThan(1_000);
  expect(cut).not.toHaveBeenCalled();
});

test('gives up when the server cannot be reached twice in a row, once and for all', async () => {
  const cut = vi.fn();
  const watched = watch({ ...options, isReachable: () => Promise.reject(new Error('no route')), cut });
  const failure = expect(watched(never)).rejects.toMatchObject({ code: 'UNREACHABLE', exitCode: 2 });
  await vi.advanceTimersByTimeAsync(150);
  expect(cut).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(100);
  expect(cut).toHaveBeenCalledTimes(1);
  await failure;
  const send = vi.fn(never);
  await expect(watched(send)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(send).not.toHaveBeenCalled();
});

test('--statement-timeout ends a statement of a server that can be reached', async () => {
  const cut = vi.fn();
  const watched = watch({ ...options, statementTimeoutMs: 5_000, isReachable: async () => true, cut });
  const failure = expect(watched(never)).rejects.toThrow('not done after 5 s (--statement-timeout)');
  await vi.advanceTimersByTimeAsync(4_999);
  expect(cut).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await failure;
  expect(cut).toHaveBeenCalledTimes(1);
});
