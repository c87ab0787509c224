/** Made-up markets for tests. Only tests import this. */
import type FastCheck from 'fast-check';
import { type Candle, TIMEFRAMES, type Timeframe } from '../market/candle.ts';

export const FIRST_MS = Date.UTC(2024, 0, 1);

export interface Shape {
  /** The close over the open, less one. */
  readonly move: number;
  /** Wicks above and below the body, as fractions of it. */
  readonly above: number;
  readonly below: number;
  readonly volume: number;
  /** Candles that are absent before this one. */
  readonly absent?: number;
}

/** Candles from shapes: each opens where the last one closed. */
export function candlesOf(
  shapes: readonly Shape[],
  { timeframe = '5m', price = 100 }: { timeframe?: Timeframe; price?: number } = {},
): Candle[] {
  const lengthMs = TIMEFRAMES[timeframe];
  let open = price;
  let openTimeMs = FIRST_MS - lengthMs;
  return shapes.map(({ move, above, below, volume, absent = 0 }) => {
    openTimeMs += lengthMs * (1 + absent);
    const close = open * (1 + move);
    const high = Math.max(open, close) * (1 + above);
    const low = Math.min(open, close) * (1 - below);
    const candle = { openTimeMs, closeTimeMs: openTimeMs + lengthMs - 1, open, high, low, close };
    open = close;
    return { ...candle, volume };
  });
}

/** A seeded walk of `count` shapes, a tenth of them without movement or volume. */
export function walk(seed: number, count: number): Shape[] {
  let state = seed;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: count }, () => {
    if (random() < 0.1) return { move: 0, above: 0, below: 0, volume: 0 };
    const move = (random() - 0.5) * 0.02;
    return { move, above: random() * 0.005, below: random() * 0.005, volume: random() * 50 };
  });
}

/** Any market: flat stretches, jumps, dead volume, and holes short and long. fast-check comes from
 * the test: files of `core/` that are no tests may not load it. */
export function anyShapes(fc: typeof FastCheck): FastCheck.Arbitrary<Shape[]> {
  const zeroOr = (min: number, max: number): FastCheck.Arbitrary<number> =>
    fc.oneof(fc.constant(0), fc.double({ min, max, noNaN: true }));
  const shape = fc.record({
    move: zeroOr(-0.3, 0.4),
    above: zeroOr(0, 0.2),
    below: zeroOr(0, 0.2),
    volume: zeroOr(0, 1e6),
    absent: fc.oneof(
      { weight: 20, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
    ),
  });
  return fc.array(shape, { minLength: 1, maxLength: 150 });
}
