import type { Pattern } from '../../features/reading.ts';
import { clamp, figure, inUnitsOf, ramp, sideOf } from '../figures.ts';
import { candlePath, cite, quiet, senseOf } from './sense.ts';

/** An oscillator between two extremes: 1 at `oversold` and beyond, -1 at `overbought` and
 * beyond, 0 in the inner half. */
export function oscillator(value: number, oversold: number, overbought: number): number {
  const quarter = (overbought - oversold) / 4;
  const low = ramp(value, oversold + quarter, oversold);
  return low > 0 ? low : -ramp(value, overbought - quarter, overbought);
}

function extreme(lean: number): string {
  if (Math.abs(lean) < 0.25) return 'neutral';
  return lean > 0 ? 'oversold' : 'overbought';
}

export const rsi = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.rsi14']);
  if (cited === null) return null;
  const [value] = cited.values;
  const lean = oscillator(value, 25, 75);
  const words = () => `RSI ${value.toFixed(0)} is ${extreme(lean)}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

export const stochastic = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.stochasticK',
    'reading.indicators.stochasticD',
  ]);
  if (cited === null) return null;
  const [k, d] = cited.values;
  const lean = 0.7 * oscillator((k + d) / 2, 10, 90);
  const words = () => `Stochastic ${k.toFixed(0)}/${d.toFixed(0)} is ${extreme(lean)}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

export const williams = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.williamsR']);
  if (cited === null) return null;
  const [value] = cited.values;
  const lean = 0.6 * oscillator(value, -95, -5);
  const words = () => `Williams %R ${value.toFixed(0)} is ${extreme(lean)}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

export const cci = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.cci20']);
  if (cited === null) return null;
  const [value] = cited.values;
  const lean = 0.7 * oscillator(value, -180, 180);
  const words = () => `CCI ${value.toFixed(0)} is ${extreme(lean)}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** Where the close stands between the bands: outside them, a return is likelier than not. */
export const bollinger = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.bollingerLower',
    'reading.indicators.bollingerUpper',
    candlePath(snapshot, 'close'),
  ]);
  if (cited === null) return null;
  const [lower, upper, close] = cited.values;
  if (upper <= lower) return null;
  const place = inUnitsOf(close - lower, upper - lower);
  const lean = oscillator(place, 0, 1);
  const where = () =>
    place < 0 ? 'below' : place > 1 ? 'above' : `${(place * 100).toFixed(0)} % up`;
  const words = () => `close ${figure(close)} is ${where()} the Bollinger band`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** The MACD histogram against a quarter of the ATR. */
export const macd = senseOf((snapshot) => {
  const cited = cite(snapshot, ['reading.indicators.macdHistogram', 'reading.indicators.atr14']);
  if (cited === null) return null;
  const [histogram, atr] = cited.values;
  const lean = clamp(inUnitsOf(histogram, 0.25 * atr), -1, 1);
  const words = () => `MACD is ${figure(Math.abs(histogram))} ${sideOf(histogram)} its signal`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** The fast average against the slow one, in ATRs. */
export const emaCross = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.emaFast',
    'reading.indicators.emaSlow',
    'reading.indicators.atr14',
  ]);
  if (cited === null) return null;
  const [fast, slow, atr] = cited.values;
  const lean = clamp(inUnitsOf(fast - slow, atr), -1, 1);
  const words = () => `fast EMA ${figure(fast)} is ${sideOf(fast - slow)} slow ${figure(slow)}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

/** Direction from the two DIs, strength from the ADX (Wilder: above 25 is a trend). */
export const directional = senseOf((snapshot) => {
  const cited = cite(snapshot, [
    'reading.indicators.adx14',
    'reading.indicators.plusDi14',
    'reading.indicators.minusDi14',
  ]);
  if (cited === null) return null;
  const [adx, plus, minus] = cited.values;
  const lean = Math.sign(plus - minus) * ramp(adx, 15, 40);
  const which = adx < 20 ? 'no trend' : plus > minus ? 'an up trend' : 'a down trend';
  const words = () => `ADX ${adx.toFixed(0)} shows ${which}`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});

export const PATTERN_LEAN = {
  bullish_engulfing: 0.8,
  bearish_engulfing: -0.8,
  hammer: 0.6,
  shooting_star: -0.6,
  doji: 0,
  morning_star: 1,
  evening_star: -1,
} as const satisfies Record<Pattern, number>;

/** Candlestick patterns that end at this close; several are averaged. */
export const pattern = senseOf((snapshot) => {
  const { patterns } = snapshot.reading;
  const cited = cite(snapshot, [candlePath(snapshot, 'open'), candlePath(snapshot, 'close')]);
  if (cited === null || patterns.length === 0) return null;
  const lean = patterns.reduce((sum, name) => sum + PATTERN_LEAN[name], 0) / patterns.length;
  const names = () => patterns.map((name) => name.replaceAll('_', ' ')).join(' and ');
  return {
    lean,
    caution: quiet(lean),
    words: () => `the candle shows ${names()}`,
    evidence: cited.evidence,
  };
});
