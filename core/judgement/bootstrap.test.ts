import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import type { Interval } from './assessment.ts';
import { optimalBlockLength } from './block-length.ts';
import { bootstrapIntervals, DEFAULT_BOOTSTRAP, MOST_STRETCHES, Stretches } from './bootstrap.ts';
import { walkOf } from './run.fixture.ts';

// Failure here looks like: an interval that promises 95 % and holds the truth half of the time.

/** x_t = φ x_(t−1) + noise, from a seed. */
function leaning(phi: number, count: number, seed: number): Float64Array {
  const random = new Random('ar', seed);
  let value = 0;
  return Float64Array.from({ length: count }, () => {
    value = phi * value + random.normal();
    return value;
  });
}

function meanInterval(
  values: Float64Array,
  options: { readonly lengthFrom?: readonly number[]; readonly seed?: string } = {},
): Interval | null {
  const { lengthFrom = [1], seed = 'test' } = options;
  const [interval = null] = bootstrapIntervals(
    {
      stretches: Stretches.of([new Float64Array(values.length).fill(1), values]),
      statistics: ([count = 0, sum = 0]) => [sum / count],
      lengthFrom,
    },
    { resamples: 300, seed, level: 0.95 },
  );
  return interval;
}

describe('block length', () => {
  /** From `arch.bootstrap.optimal_block_length` (arch 8.0.0), column `stationary`, on these very
   * series; where it says less than one value, a block is one. */
  test.each([
    [0, 1_000, 1, 1.612931657841327],
    [0.3, 1_000, 2, 9.78141530286632],
    [0.7, 2_000, 3, 26.825496507537853],
    [0.9, 500, 4, 26.628092648730643],
    [-0.5, 800, 5, 10.743244143248948],
    [0, 8_192, 6, 1],
    [0.5, 20, 10, 2.494838284539875],
  ])('φ = %d, %d values - as the arch library has it', (phi, count, seed, expected) => {
    expect(optimalBlockLength(leaning(phi, count, seed))).toBeCloseTo(expected, 9);
  });

  test('nothing that varies, or next to nothing - one', () => {
    expect(optimalBlockLength(new Float64Array(500).fill(3))).toBe(1);
    expect(optimalBlockLength(leaning(0.9, 11, 1))).toBe(1);
    expect(optimalBlockLength(new Float64Array(0))).toBe(1);
  });

  test('values times a thousand - the same length', () => {
    const values = leaning(0.6, 600, 7);
    const scaled = optimalBlockLength(values.map((value) => 1_000 * value));
    expect(scaled).toBeCloseTo(optimalBlockLength(values), 6);
  });
});

describe('stationary bootstrap', () => {
  test('values that hang together - the interval holds the truth as often as it says', () => {
    let [held, naive] = [0, 0];
    const rounds = 300;
    for (let round = 0; round < rounds; round += 1) {
      const values = leaning(0.6, 400, 10_000 + round);
      const seed = `round ${round}`;
      if (contains(meanInterval(values, { seed }), 0)) held += 1;
      if (contains(meanInterval(values, { seed, lengthFrom: [] }), 0)) naive += 1;
    }
    // 95 % promised; blocks of a finite series are known to give slightly less.
    expect(held / rounds).toBeGreaterThan(0.85);
    expect(held / rounds).toBeLessThan(0.995);
    // Without blocks half of the width is missing: the test would see it.
    expect(naive / rounds).toBeLessThan(0.75);
  });

  test('the same seed - the same interval to the last bit; another seed - nearly', () => {
    const values = leaning(0.3, 500, 1);
    const one = meanInterval(values, { seed: 'a' }) as Interval;
    const other = meanInterval(values, { seed: 'b' }) as Interval;
    expect(meanInterval(values, { seed: 'a' })).toEqual(one);
    expect(other.low).not.toBe(one.low);
    expect(Math.abs(other.low - one.low)).toBeLessThan(0.25 * (one.high - one.low));
  });

  test('twice the values - twice the interval', () => {
    const values = leaning(0.3, 500, 2);
    const one = meanInterval(values) as Interval;
    const two = meanInterval(values.map((value) => 2 * value)) as Interval;
    expect(two.low).toBeCloseTo(2 * one.low, 9);
    expect(two.high).toBeCloseTo(2 * one.high, 9);
  });

  test('a constant - an interval of no width', () => {
    const { low, high } = meanInterval(new Float64Array(100).fill(0.25)) as Interval;
    expect(low).toBeCloseTo(0.25, 12);
    expect(high).toBeCloseTo(0.25, 12);
  });

  test('too few values, or a statistic that is mostly undefined - no interval', () => {
    expect(meanInterval(leaning(0, 29, 1))).toBeNull();
    expect(meanInterval(leaning(0, 30, 1))).not.toBeNull();
    const stretches = Stretches.of([leaning(0, 100, 1)]);
    const undefined_ = { stretches, statistics: () => [Number.NaN, 1], lengthFrom: [0] };
    expect(bootstrapIntervals(undefined_)).toEqual([null, { low: 1, high: 1, level: 0.95 }]);
  });

  test('a long series - stretches hold the same sums, and the interval is as wide', () => {
    const values = Float64Array.from(walkOf('long', { count: 50_000, deviation: 1 }));
    const stretches = Stretches.of([values]);
    const total = values.reduce((sum, value) => sum + value, 0);
    expect(stretches.columns[0]?.length).toBeLessThanOrEqual(MOST_STRETCHES);
    expect(stretches.totals()[0]).toBeCloseTo(total, 8);
    const { low, high } = meanInterval(values) as Interval;
    // Independent values: 2 × 1.96 / √n.
    expect((high - low) / (3.92 / Math.sqrt(50_000))).toBeCloseTo(1, 0);
  });

  test('terms that cannot be - are refused', () => {
    const stretches = Stretches.of([leaning(0, 50, 1)]);
    const inputs = { stretches, statistics: () => [0], lengthFrom: [] };
    const refuse = (terms: object, text: string): void => {
      expect(() => bootstrapIntervals(inputs, { ...DEFAULT_BOOTSTRAP, ...terms })).toThrow(text);
    };
    refuse({ resamples: 99 }, 'resamples must be 100 … 1000000, was 99');
    refuse({ level: 1 }, 'level must be in 0 … 1, was 1');
    const uneven = [new Float64Array(2), new Float64Array(3)];
    expect(() => Stretches.of(uneven)).toThrow('series must be of one length');
  });
});

function contains(interval: Interval | null, value: number): boolean {
  return interval !== null && interval.low <= value && value <= interval.high;
}
