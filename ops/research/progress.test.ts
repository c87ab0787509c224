/** A bar that tells how long it takes. Failure would look like: a time left that counts what was
 * only found again, or a terminal flooded with lines. */
import { expect, test } from 'vitest';
import { durationText, Progress } from './progress.ts';

function told(total: number, skipped: number) {
  const lines: string[] = [];
  let now = 0;
  const progress = new Progress(
    { status: (text) => void lines.push(text) },
    { what: 'sweep', total, skipped, now: () => now },
  );
  return {
    lines,
    at: (ms: number, done: number): string | undefined => {
      now = ms;
      progress.show(done);
      return lines.at(-1);
    },
  };
}

test('progress - share, count and the time left at the pace of what was really done', () => {
  const { at } = told(100, 50);
  expect(at(0, 50)).toBe('sweep  ████████████░░░░░░░░░░░░  50 %  50 of 100');
  expect(at(10_000, 60)).toMatch(/60 of 100, 40 s left$/);
  expect(at(50_000, 100)).toBe(`sweep  ${'█'.repeat(24)} 100 %  100 of 100`);
});

test('progress - a thousand results in a moment are few lines, the last one among them', () => {
  const { lines, at } = told(1_000, 0);
  for (let done = 1; done <= 1_000; done += 1) at(done / 10, done);
  expect(lines.length).toBeLessThan(5);
  expect(lines.at(-1)).toContain('1000 of 1000');
});

test('progress - durations', () => {
  expect([1, 59_400, 61_000, 3_725_000].map(durationText)).toEqual([
    '1 s',
    '59 s',
    '1 m 01 s',
    '1 h 02 m',
  ]);
});
