import type FastCheck from 'fast-check';
import { candlesOf, FORECAST, ORDINARY, snapshotOf } from '../../assistants/snapshot.fixture.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import { type Indicators, PATTERNS, REGIMES } from '../../features/reading.ts';
import type { Candle } from '../../market/candle.ts';
import type { Forecast } from '../../models/forecast.ts';

type Checker = typeof FastCheck;
type Any<Value> = FastCheck.Arbitrary<Value>;

/** For tests: any market, any books. Handed the checker, as all of core's fixtures are. */
export function anySnapshot(fc: Checker): Any<Snapshot> {
  return fc
    .record(
      {
        candles: anyCandles(fc),
        indicators: fc.oneof(anyIndicators(fc), fc.constant(ORDINARY)),
        reading: fc.record({
          regime: fc.constantFrom(...REGIMES),
          patterns: fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 3 }),
        }),
        holdings: anyHoldings(fc),
        liquidity: fc.record({
          spreadBps: fc.constantFrom(0, 2, 15, 60, 61),
          meanQuoteVolume: fc.oneof(
            fc.constantFrom(0, 500, 1_000, 4_000),
            fc.integer({ min: 1, max: 8_000 }),
          ),
        }),
        forecast: anyForecast(fc),
      },
      { requiredKeys: ['candles', 'indicators', 'reading', 'holdings', 'liquidity'] },
    )
    .map(snapshotOf);
}

/** Sure of one way, of nothing, or torn; of whole, some or no worth. */
function anyForecast(fc: Checker): Any<Forecast> {
  const bp = fc.oneof(fc.constantFrom(0, 3_333, 5_000, 10_000), fc.nat(10_000));
  return fc.record({ one: bp, other: bp, worthBp: bp }).map(({ one, other, worthBp }) => {
    const [buyBp, both] = one < other ? [one, other] : [other, one];
    const shares = { buyBp, sellBp: both - buyBp, holdBp: 10_000 - both };
    return { ...FORECAST, ...shares, worthBp };
  });
}

function anyIndicators(fc: Checker): Any<Indicators> {
  // Numbers that a market could show, levels at which something happens among them, or none.
  const level = (low: number, high: number, ...marked: readonly number[]) =>
    fc.option(
      fc.oneof(
        // Evenly over the range, and over the doubles in it, of which most are tiny.
        { weight: 3, arbitrary: fc.nat(1_000).map((part) => low + ((high - low) * part) / 1_000) },
        { weight: 1, arbitrary: fc.double({ min: low, max: high, noNaN: true }) },
        { weight: 1, arbitrary: fc.constantFrom(low, high, ...marked) },
      ),
      { freq: 12 },
    );
  const price = level(90, 110, 100);
  const share = level(-0.1, 0.1, 0);
  return fc.record({
    rsi14: level(0, 100, 25, 37.5, 50, 75),
    macd: share,
    macdSignal: share,
    macdHistogram: level(-2, 2, 0),
    bollingerUpper: price,
    bollingerMiddle: price,
    bollingerLower: price,
    emaFast: price,
    emaSlow: price,
    sma20: price,
    sma50: price,
    stochasticK: level(0, 100, 50),
    stochasticD: level(0, 100, 50),
    williamsR: level(-100, 0, -50),
    cci20: level(-400, 400, 0),
    adx14: level(0, 100, 15, 20, 40),
    plusDi14: level(0, 60, 20),
    minusDi14: level(0, 60, 20),
    atr14: level(0, 5, 1),
    vwap: price,
    change1: share,
    change3: share,
    change12: share,
    volumeRatio: level(0, 10, 0.4, 1, 1.2, 2.5),
    volatility20: level(0, 0.03, 0.004, 0.02),
    volatilityMean: level(0, 0.03, 0.004),
  });
}

function anyHoldings(fc: Checker) {
  // Basis points around the levels at which something happens, and those levels.
  const bps = (high: number, ...marked: readonly number[]) =>
    fc.oneof(fc.constantFrom(0, ...marked), fc.integer({ min: 0, max: high }));
  return fc.record({
    quantity: fc.constantFrom('0', '0.5'),
    entryPrice: fc.constantFrom('0', '97.5', '100', '104.25'),
    exposureBps: bps(6_500, 400, 1_500, 3_600, 4_999, 5_000),
    drawdownBps: bps(2_500, 90, 700, 1_499, 1_500),
    openOrders: fc.constantFrom(0, 0, 0, 1),
  });
}

/** Flat, without direction, or going one way; sometimes with a hole before the last candle, which
 * makes the data stale. */
function anyCandles(fc: Checker): Any<readonly Candle[]> {
  const whole = fc
    .tuple(
      fc.array(fc.integer({ min: 950, max: 1_050 }), { minLength: 32, maxLength: 32 }),
      fc.boolean(),
      fc.constantFrom(0, 0, 0.4, -2.5, 8),
    )
    .map(([closes, flat, step]) =>
      candlesOf(closes.map((close, at) => (flat ? 100 : close / 10 + step * at))),
    );
  const broken = whole.map((list) =>
    list.map((candle, at) =>
      at < 31 ? { ...candle, closeTimeMs: candle.closeTimeMs - 3_600_000 } : candle,
    ),
  );
  return fc.oneof({ weight: 6, arbitrary: whole }, { weight: 1, arbitrary: broken });
}
