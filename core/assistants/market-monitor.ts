import type { Indicators, Reading } from '../features/reading.ts';
import type { Watch } from './character.ts';
import { clamp } from './figures.ts';
import { mindOf } from './mind-of.ts';
import { move, PLAIN_MOVE, volume } from './senses/flow.ts';
import type { Trigger } from './snapshot.ts';

const WATCHES: readonly Watch[] = [
  { sense: move, weight: 2 },
  { sense: volume, weight: 1.5 },
];

/** Watches moves and the volume behind them, against what is usual in this market. */
export const marketMonitor = mindOf({
  role: 'market_monitor',
  openness: 0.8,
  watches: () => WATCHES,
});

/** Raised with every change of what puts a motion; part of every motion's id. */
export const DETECTOR_VERSION = 1;

/** What the monitor must be told: it keeps no state of its own. */
export interface TriggerContext {
  /** Candles folded since the last motion, this one included; `null` before the first. */
  readonly candlesSinceMotion: number | null;
  readonly close: number;
  /** Average entry of the open position, `null` when flat. */
  readonly entryPrice: number | null;
}

/** Candles that must pass after any motion before one of each kind may be put again, so that one
 * move does not put ten motions. */
export const REFRACTORY = {
  position_at_risk: 12,
  price_move: 4,
  volume_surge: 5,
  regime_change: 5,
  signal: 6,
  cadence: 12,
} as const satisfies Record<Trigger, number>;

/** A move of 3 % over three candles is news, but never below this many usual deviations of such a
 * move (a slow timeframe moves more), and always from that many on (a fast one moves less). */
const FEWEST_DEVIATIONS = 2;
const MOST_DEVIATIONS = 3;
const SURGE_RATIO = 3.5;
const RISK_ATR = 2;

type Detector = (reading: Reading, previous: Reading | null, context: TriggerContext) => boolean;

/** In the order of importance: the first that holds names the motion. */
const DETECTORS = {
  position_at_risk: ({ indicators: { atr14 } }, _previous, { close, entryPrice }) =>
    entryPrice !== null && atr14 !== null && close <= entryPrice - RISK_ATR * atr14,
  price_move: ({ indicators: { change3, volatilityMean } }) =>
    change3 !== null && Math.abs(change3) >= moveThreshold(volatilityMean),
  volume_surge: ({ indicators: { volumeRatio } }) =>
    volumeRatio !== null && volumeRatio >= SURGE_RATIO,
  regime_change: ({ regime }, previous) =>
    previous?.warm === true && previous.regime !== regime && NOTABLE.has(regime),
  signal: ({ indicators }, previous) =>
    previous !== null && crossed(previous.indicators, indicators),
  cadence: () => true,
} as const satisfies Record<Trigger, Detector>;

const NOTABLE: ReadonlySet<Reading['regime']> = new Set(['turbulent', 'trend_up', 'trend_down']);

/** Whether this close deserves a debate, and why; `null` when it does not or nothing is warm
 * yet. Pure: the same reading, the one before it and the context give the same answer. */
export function trigger(
  reading: Reading,
  previous: Reading | null,
  context: TriggerContext,
): Trigger | null {
  return firstOf(TRIGGERS, { reading, previous, context });
}

const TRIGGERS = Object.keys(DETECTORS) as readonly Trigger[];

/** The detectors that need nothing but a market's own candles: what a look at a live market between
 * two closes of the ring asks. */
const ANOMALIES = ['price_move', 'volume_surge'] as const satisfies readonly Trigger[];
export type Anomaly = (typeof ANOMALIES)[number];

/** Whether this close is out of the ordinary in itself, and how; the same rule as `trigger`'s. */
export function anomaly(
  reading: Reading,
  previous: Reading | null,
  context: TriggerContext,
): Anomaly | null {
  return firstOf(ANOMALIES, { reading, previous, context });
}

interface Close {
  readonly reading: Reading;
  readonly previous: Reading | null;
  readonly context: TriggerContext;
}

function firstOf<Name extends Trigger>(names: readonly Name[], close: Close): Name | null {
  const { reading, previous, context } = close;
  if (!reading.warm) return null;
  const since = context.candlesSinceMotion ?? Number.POSITIVE_INFINITY;
  for (const name of names) {
    if (since < REFRACTORY[name]) continue;
    const detects: Detector = DETECTORS[name];
    if (detects(reading, previous, context)) return name;
  }
  return null;
}

/** 3 % over three candles, brought between two and three of this market's usual deviations. */
function moveThreshold(volatilityMean: number | null): number {
  if (volatilityMean === null || volatilityMean <= 0) return PLAIN_MOVE;
  const usual = volatilityMean * Math.sqrt(3);
  return clamp(PLAIN_MOVE, FEWEST_DEVIATIONS * usual, MOST_DEVIATIONS * usual);
}

/** RSI entered an extreme, or the averages crossed, between two closes. */
function crossed(before: Indicators, now: Indicators): boolean {
  return (
    entered(before.rsi14, now.rsi14) ||
    changedSign(gap(before.emaFast, before.emaSlow), gap(now.emaFast, now.emaSlow))
  );
}

function entered(before: number | null, now: number | null): boolean {
  if (before === null || now === null) return false;
  return (now <= 30 && before > 30) || (now >= 70 && before < 70);
}

function gap(one: number | null, other: number | null): number {
  return one === null || other === null ? 0 : one - other;
}

function changedSign(before: number, now: number): boolean {
  return before * now < 0;
}
