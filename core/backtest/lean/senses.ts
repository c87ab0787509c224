import { clamp, inUnitsOf, ramp } from '../../assistants/figures.ts';
import { SENSES, type SenseName } from '../../assistants/senses/all.ts';
import { oscillator, PATTERN_LEAN } from '../../assistants/senses/chart.ts';
import { driftLean } from '../../assistants/senses/flow.ts';
import { forecastCaution, forecastLean } from '../../assistants/senses/forecast.ts';
import { quiet } from '../../assistants/senses/sense.ts';
import { stretchLean, trendLean } from '../../assistants/senses/strategy.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import type { Candle } from '../../market/candle.ts';

/** The senses that read news, of which there is none in a backtest. */
type NewsSense = 'newsSentiment' | 'socialSentiment' | 'marketCap';
const NEWS: ReadonlySet<string> = new Set<NewsSense>([
  'newsSentiment',
  'socialSentiment',
  'marketCap',
]);
export type LeanSense = Exclude<SenseName, NewsSense>;

/** Every sense of core/assistants/senses in the order in which it is read there, news left out. A
 * sense is its place here, and a fact that is the subject of a sense is that place's bit: all else
 * that a reason cites moves no decision. */
export const LEAN_SENSES = Object.keys(SENSES).filter((name): name is LeanSense => !NEWS.has(name));

export const SENSE_COUNT = LEAN_SENSES.length;

/** Place by name. */
export const AT = Object.fromEntries(LEAN_SENSES.map((name, at) => [name, at])) as Readonly<
  Record<LeanSense, number>
>;

/** The subjects among the facts that a reason of each sense cites: its own, and for the drift over
 * twelve candles the volatility it is measured by, which is what wildness is about. */
export const CITES: readonly number[] = LEAN_SENSES.map(
  (name, at) => (1 << at) | (name === 'drift' ? 1 << AT.wildness : 0),
);

const SQRT_3 = Math.sqrt(3);
const FEWEST_CANDLES = 16;

/** What all senses say of one snapshot, as numbers. One is filled again for each motion. */
export class LeanReadings {
  readonly lean = new Float64Array(SENSE_COUNT);
  readonly caution = new Float64Array(SENSE_COUNT);
  /** Bits of the senses whose facts are there. */
  present = 0;

  read(snapshot: Snapshot): void {
    this.present = 0;
    const last = snapshot.candles.at(-1);
    if (last === undefined) return;
    this.#readFlow(snapshot);
    this.#readOscillators(snapshot, last.close);
    this.#readTrends(snapshot, last.close);
    this.#readForecast(snapshot);
    this.#readRisk(snapshot, last.close);
    this.#readExecution(snapshot, last);
    this.#readRecord(snapshot.candles);
  }

  #say(sense: number, lean: number, caution: number): void {
    this.lean[sense] = lean;
    this.caution[sense] = caution;
    this.present |= 1 << sense;
  }

  #lean(sense: number, lean: number): void {
    this.#say(sense, lean, quiet(lean));
  }

  #readFlow({ reading: { indicators } }: Snapshot): void {
    const { change1, change3, change12, volumeRatio, volatility20, volatilityMean } = indicators;
    if (change3 !== null && volatilityMean !== null) {
      const lean = clamp(inUnitsOf(change3, 2.5 * volatilityMean * SQRT_3), -1, 1);
      this.#say(AT.move, lean, 0.6 * (1 - Math.abs(lean)));
    }
    if (volumeRatio !== null && change1 !== null) {
      const lean = Math.sign(change1) * ramp(volumeRatio, 1, 2.5);
      this.#say(AT.volume, lean, ramp(volumeRatio, 1.2, 0.4));
    }
    if (change12 !== null && volatility20 !== null) {
      this.#lean(AT.drift, driftLean(change12, volatility20));
    }
  }

  #readOscillators({ reading: { indicators } }: Snapshot, close: number): void {
    const { rsi14, stochasticK, stochasticD, williamsR, cci20 } = indicators;
    const { bollingerLower: lower, bollingerUpper: upper } = indicators;
    if (rsi14 !== null) this.#lean(AT.rsi, oscillator(rsi14, 25, 75));
    if (stochasticK !== null && stochasticD !== null) {
      this.#lean(AT.stochastic, 0.7 * oscillator((stochasticK + stochasticD) / 2, 10, 90));
    }
    if (williamsR !== null) this.#lean(AT.williams, 0.6 * oscillator(williamsR, -95, -5));
    if (cci20 !== null) this.#lean(AT.cci, 0.7 * oscillator(cci20, -180, 180));
    if (lower !== null && upper !== null && upper > lower) {
      this.#lean(AT.bollinger, oscillator(inUnitsOf(close - lower, upper - lower), 0, 1));
    }
  }

  #readTrends({ reading: { indicators, patterns } }: Snapshot, close: number): void {
    const { macdHistogram, atr14: atr, emaFast, emaSlow, adx14, plusDi14, minusDi14 } = indicators;
    const { sma50, sma20, bollingerMiddle } = indicators;
    if (macdHistogram !== null && atr !== null) {
      this.#lean(AT.macd, clamp(inUnitsOf(macdHistogram, 0.25 * atr), -1, 1));
    }
    if (emaFast !== null && emaSlow !== null && atr !== null) {
      this.#lean(AT.emaCross, clamp(inUnitsOf(emaFast - emaSlow, atr), -1, 1));
    }
    if (adx14 !== null && plusDi14 !== null && minusDi14 !== null) {
      this.#lean(AT.directional, Math.sign(plusDi14 - minusDi14) * ramp(adx14, 15, 40));
    }
    if (patterns.length > 0) {
      let sum = 0;
      for (const name of patterns) sum += PATTERN_LEAN[name];
      this.#lean(AT.pattern, sum / patterns.length);
    }
    if (sma50 !== null && sma20 !== null && atr !== null) {
      this.#lean(AT.meansTrend, trendLean(sma20, sma50, atr));
    }
    if (bollingerMiddle !== null && atr !== null) {
      this.#lean(AT.stretch, stretchLean(close, bollingerMiddle, atr));
    }
  }

  #readForecast({ forecast }: Snapshot): void {
    if (forecast === undefined || forecast.worthBp === 0) return;
    this.#say(AT.foretold, forecastLean(forecast), forecastCaution(forecast));
  }

  #readRisk({ reading: { indicators }, holdings }: Snapshot, close: number): void {
    const { volatility20: now, volatilityMean: usual, atr14: atr } = indicators;
    if (now !== null && usual !== null && usual > 0) {
      const ratio = inUnitsOf(now, usual);
      this.#say(AT.wildness, 0.4 * ramp(ratio, 1.1, 0.7), ramp(ratio, 0.9, 1.8));
    }
    const { exposureBps, drawdownBps } = holdings;
    const free = 0.5 * ramp(exposureBps, 1_500, 0) - 0.9 * ramp(exposureBps, 3_500, 6_000);
    const staked = 0.25 + 0.75 * ramp(exposureBps, 500, 3_500);
    this.#say(AT.exposure, free, staked * (1 + Math.min(0, free)));
    const fallen = -0.8 * ramp(drawdownBps, 500, 1_500);
    this.#say(AT.drawdown, fallen, ramp(drawdownBps, 100, 600) * (1 + fallen));
    const entry = holdings.entryPrice === '0' ? 0 : Number(holdings.entryPrice);
    if (entry > 0 && atr !== null && atr > 0) {
      const away = inUnitsOf(close - entry, atr);
      const lean = -clamp((-away - 0.5) / 2, 0, 1) - 0.6 * ramp(away, 3, 6);
      this.#say(AT.openPosition, lean, 0.3);
    }
  }

  #readExecution({ reading: { indicators }, liquidity }: Snapshot, last: Candle): void {
    const { atr14: atr, vwap } = indicators;
    const { spreadBps, meanQuoteVolume } = liquidity;
    const { close, volume } = last;
    if (atr !== null) {
      const rangeBps = inUnitsOf(atr, close) * 10_000;
      const share = rangeBps > 0 ? inUnitsOf(spreadBps, rangeBps) : 1;
      this.#say(AT.cost, 0, ramp(share, 0.15, 0.8));
    }
    if (vwap !== null && atr !== null) {
      this.#lean(AT.fairPrice, -clamp(inUnitsOf(close - vwap, atr) / 4, -1, 1));
    }
    if (meanQuoteVolume > 0) {
      this.#say(AT.depth, 0, ramp(inUnitsOf(volume * close, meanQuoteVolume), 0.7, 0.2));
    }
  }

  #readRecord(candles: readonly Candle[]): void {
    if (candles.length < FEWEST_CANDLES) return;
    let [pairs, same, path, before, move] = [0, 0, 0, 0, 0];
    const first = (candles[0] as Candle).close;
    let close = first;
    for (let at = 1; at < candles.length; at += 1) {
      const next = (candles[at] as Candle).close;
      before = move;
      move = next - close;
      close = next;
      path += Math.abs(move);
      if (at === 1) continue;
      if (move !== 0 && before !== 0) pairs += 1;
      if (move * before > 0) same += 1;
    }
    if (pairs > 0) {
      const lean = Math.sign(move) * clamp((same / pairs - 0.5) * 4, -1, 1);
      this.#lean(AT.followThrough, lean);
    }
    if (path !== 0) {
      const lean = clamp(inUnitsOf(close - first, path) * 2.5, -1, 1);
      this.#say(AT.efficiency, lean, 0.6 * (1 - Math.abs(lean)));
    }
  }
}
