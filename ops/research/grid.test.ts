/** Parameters from a command line. Failure would look like: a typo that is tried in silence, or a
 * random sweep that cannot be repeated. */
import { describe, expect, test } from 'vitest';
import { drawsOf, gridOf, settingsOf } from './grid.ts';

describe('grid', () => {
  test('every combination, the last parameter changing fastest', () => {
    expect(gridOf(['fast=5,10', 'mode=a,true'])).toEqual([
      { fast: 5, mode: 'a' },
      { fast: 5, mode: true },
      { fast: 10, mode: 'a' },
      { fast: 10, mode: true },
    ]);
    expect(gridOf([])).toEqual([{}]);
  });

  test.each([
    ['fast', '--grid must be k=a,b,c, was fast'],
    ['fast=', '--grid must be k=a,b,c, was fast='],
    ['=5', '--grid must be k=a,b,c, was =5'],
    ['Fast=5', "--grid must begin with a parameter's name, was Fast=5"],
    ['fast=5,,7', '--grid fast must be values between commas, was 5,,7'],
    ['fast=5,5', '--grid fast must name each value once, was 5,5'],
    [`fast=${Array.from({ length: 100_001 }, (_, at) => at).join()}`, 'at most 100000 trials'],
  ])('%.30s - refused', (text, message) => {
    expect(() => gridOf([text])).toThrow(message);
  });

  test('a parameter given twice - refused', () => {
    expect(() => gridOf(['fast=5', 'fast=6'])).toThrow('name each parameter once, was fast');
    expect(() => settingsOf('--param', ['a=1', 'a=1'])).toThrow('--param must name each');
  });

  test('values: numbers, true, false, else words', () => {
    const texts = ['a=-1.5e-3', 'b=007', 'c=false', 'd=NaN', 'e=1.2.3', 'f=x=y'];
    expect(settingsOf('--param', texts)).toEqual({
      a: -0.0015,
      b: 7,
      c: false,
      d: 'NaN',
      e: '1.2.3',
      f: 'x=y',
    });
  });
});

describe('random search', () => {
  test('the same draws for the same seed, all different, all in range', () => {
    const draws = drawsOf(30, ['fast=5..15', 'slow=20..60:10', 'risk=0.1..0.5'], 7);
    expect(drawsOf(30, ['fast=5..15', 'slow=20..60:10', 'risk=0.1..0.5'], 7)).toEqual(draws);
    expect(drawsOf(30, ['fast=5..15', 'slow=20..60:10', 'risk=0.1..0.5'], 8)).not.toEqual(draws);
    expect(new Set(draws.map((draw) => JSON.stringify(draw))).size).toBe(30);
    for (const { fast, slow, risk } of draws) {
      expect(Number.isInteger(fast) && Number(fast) >= 5 && Number(fast) <= 15).toBe(true);
      expect([20, 30, 40, 50, 60]).toContain(slow);
      expect(Number(risk) >= 0.1 && Number(risk) < 0.5).toBe(true);
    }
  });

  test('as many as there are: all of them', () => {
    const draws = drawsOf(6, ['a=1..2', 'b=0.1..0.3:0.1'], 1);
    expect(draws.map(({ a, b }) => `${a} ${b}`).sort()).toEqual([
      '1 0.1',
      '1 0.2',
      '1 0.3',
      '2 0.1',
      '2 0.2',
      '2 0.3',
    ]);
  });

  test.each([
    [7, ['a=1..2', 'b=0.1..0.3:0.1'], '--random must be at most the 6 combinations'],
    [1, [], '--random needs at least one --range'],
    [1, ['a=5'], '--range must be k=lo..hi[:step], was a=5'],
    [1, ['a=5..x'], '--range must be k=lo..hi[:step], was a=5..x'],
    [1, ['a=6..5'], '--range a must go from low to high'],
    [1, ['a=1..5:0'], '--range a must have a positive step'],
    [100_001, ['a=0.1..0.2'], 'at most 100000 trials'],
  ])('%i of %j - refused', (count, ranges, message) => {
    expect(() => drawsOf(count, ranges, 1)).toThrow(message);
  });
});
