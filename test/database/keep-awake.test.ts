import { expect, test, vi } from 'vitest';
import { keepAwake } from '../../src/database/watch.ts';

const EVERY_MS = 1_000;

function awake() {
  vi.useFakeTimers();
  const said: string[] = [];
  const ping = async () => {
    said.push('ping');
  };
  const session = keepAwake((send) => send(), ping, EVERY_MS);
  const send = (text: string) =>
    session.watch(async () => {
      said.push(text);
    });
  return { said, send, session };
}

test('says a word when nothing was sent for the time, and none beside other statements', async () => {
  const { said, send, session } = awake();
  await send('first');
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect(said).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(2 * EVERY_MS);
  expect(said).toEqual(['first', 'ping', 'ping']);
  let done = () => {};
  const long = session.watch(() => new Promise<void>((resolve) => (done = resolve)));
  await vi.advanceTimersByTimeAsync(5 * EVERY_MS);
  expect(said).toHaveLength(3);
  done();
  await long;
  session.stop();
  await vi.advanceTimersByTimeAsync(5 * EVERY_MS);
  expect(said).toHaveLength(3);
  vi.useRealTimers();
});

test('a statement waits for the word that is on its way', async () => {
  vi.useFakeTimers();
  const order: string[] = [];
  let answer = () => {};
  const ping = () => new Promise<void>((resolve) => (answer = resolve));
  const session = keepAwake((send) => send(), ping, EVERY_MS);
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  const sent = session.watch(async () => order.push('statement'));
  await vi.advanceTimersByTimeAsync(1);
  order.push('answer');
  answer();
  await sent;
  expect(order).toEqual(['answer', 'statement']);
  session.stop();
  vi.useRealTimers();
});
