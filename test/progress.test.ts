import { describe, expect, it } from 'vitest';
import { createProgress, noProgress } from '../src/progress.ts';

function setup({
  isTTY = false,
  quiet = false,
  columns,
}: {
  isTTY?: boolean;
  quiet?: boolean;
  columns?: number;
} = {}) {
  const written: string[] = [];
  let at = 1000;
  const stream = { write: (text: string) => written.push(text), columns };
  return {
    written,
    tick: (ms: number) => {
      at += ms;
    },
    progress: createProgress({ stream, isTTY, quiet, now: () => at }),
  };
}

const CLEAR = '\r\u001b[2K';

describe('progress on a terminal', () => {
  it('shows work at once, redraws it at most every 100 ms and clears it', () => {
    const { written, tick, progress } = setup({ isTTY: true });
    progress.start('Copying tools', 100_000);
    for (let call = 0; call < 10; call += 1) {
      tick(50);
      progress.advance(1200);
    }
    progress.done();
    expect(written).toEqual([
      `${CLEAR}Copying tools: 0 of 100,000 (0%), 0 ms`,
      `${CLEAR}Copying tools: 2,400 of 100,000 (2%), 100 ms`,
      `${CLEAR}Copying tools: 4,800 of 100,000 (4%), 200 ms`,
      `${CLEAR}Copying tools: 7,200 of 100,000 (7%), 300 ms`,
      `${CLEAR}Copying tools: 9,600 of 100,000 (9%), 400 ms`,
      `${CLEAR}Copying tools: 12,000 of 100,000 (12%), 500 ms`,
      CLEAR,
    ]);
  });

  it('shows new work even right after a redraw, since it may block', () => {
    const { written, progress } = setup({ isTTY: true });
    progress.start('One');
    progress.start('Two');
    expect(written).toEqual([`${CLEAR}One: 0 ms`, `${CLEAR}Two: 0 ms`]);
  });

  it('writes log lines above the progress line', () => {
    const { written, progress } = setup({ isTTY: true });
    progress.log('before');
    progress.start('Work');
    progress.log('during');
    progress.done();
    progress.log('after');
    expect(written.join('')).toBe(
      `before\n${CLEAR}Work: 0 ms${CLEAR}during\n${CLEAR}Work: 0 ms${CLEAR}after\n`,
    );
  });

  it('clears nothing when nothing is shown', () => {
    const { written, progress } = setup({ isTTY: true });
    progress.done();
    progress.advance(1);
    expect(written).toEqual([]);
  });

  it('cuts the line below the width, so that it can be cleared', () => {
    const { written, progress } = setup({ isTTY: true, columns: 20 });
    progress.start('Assigning a great many tools');
    expect(written).toEqual([`${CLEAR}Assigning a grea...`]);
  });

  it('counts without a total, shows notes, caps the percentage and makes text printable', () => {
    const { written, tick, progress } = setup({ isTTY: true });
    progress.start('Rows');
    tick(100);
    progress.advance(1234, 'evil\u001b[2J');
    progress.start('More', 10);
    tick(100);
    progress.advance(12);
    expect(written.slice(1)).toEqual([
      `${CLEAR}Rows: 1,234, 100 ms, evil\\x1b[2J`,
      `${CLEAR}More: 0 of 10 (0%), 0 ms`,
      `${CLEAR}More: 12 of 10 (100%), 100 ms`,
    ]);
  });
});

describe('progress when piped', () => {
  it('says nothing of work that takes a second or less', () => {
    const { written, tick, progress } = setup();
    progress.start('Short', 10);
    tick(500);
    progress.advance(5);
    tick(500);
    progress.advance(5);
    progress.done();
    expect(written).toEqual([]);
  });

  it('writes a first line after a second, then one every five, then the end', () => {
    const { written, tick, progress } = setup();
    progress.start('Copying', 20);
    for (let second = 0; second < 12; second += 1) {
      tick(1000);
      progress.advance(1);
    }
    progress.done('verified');
    expect(written).toEqual([
      'Copying: 2 of 20 (10%), 2.0 s\n',
      'Copying: 7 of 20 (35%), 7.0 s\n',
      'Copying: 12 of 20 (60%), 12 s\n',
      'Copying: 12 of 20 (60%), 12 s, verified, done\n',
    ]);
  });

  it('writes one line for a single long statement', () => {
    const { written, tick, progress } = setup();
    progress.start('Rebuilding tools');
    tick(4200);
    progress.done();
    progress.done();
    expect(written).toEqual(['Rebuilding tools: 4.2 s, done\n']);
  });

  it('ends long work when other work starts', () => {
    const { written, tick, progress } = setup();
    progress.start('One');
    tick(1500);
    progress.start('Two');
    progress.log('a line\u001b[2J');
    expect(written).toEqual(['One: 1.5 s, done\n', 'a line\\x1b[2J\n']);
  });
});

describe('quiet', () => {
  it('says nothing', () => {
    expect(setup({ quiet: true, isTTY: true }).progress).toBe(noProgress);
  });
});
