import { TIMEFRAMES, type Timeframe } from '../market/candle.ts';

/** How far back a cadence looks when nobody names a window: the longer its period, the more of the
 * past it weighs. */
const DAYS = { daily: 90, weekly: 180, monthly: 365, demand: 180 } as const;
export type LookBack = keyof typeof DAYS;

const DAY_MS = 86_400_000;

/** A year of five-minute candles; of more, the newest are learned from. */
export const MOST_TRAINING_CANDLES = 110_000;

export interface TrainingWindow {
  /** Candles that open from then on, Unix ms. */
  readonly fromMs: number;
  /** And before then. */
  readonly toMs: number;
}

export interface WindowWish {
  readonly cadence: LookBack;
  readonly timeframe: Timeframe;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Newest close on record, Unix ms. */
  readonly newestCloseMs: number;
}

/** The candles a run learns from: what was asked for, else back from the newest close, and never
 * more than `MOST_TRAINING_CANDLES` back from its end. Throws a `RangeError` when it would be
 * empty. */
export function trainingWindow(wish: WindowWish): TrainingWindow {
  const { cadence, timeframe, newestCloseMs } = wish;
  const toMs = Math.min(wish.toMs ?? newestCloseMs + 1, newestCloseMs + 1);
  const wanted = wish.fromMs ?? toMs - DAYS[cadence] * DAY_MS;
  const fromMs = Math.max(0, wanted, toMs - MOST_TRAINING_CANDLES * TIMEFRAMES[timeframe]);
  if (fromMs < toMs) return { fromMs, toMs };
  const text = `${iso(wanted)} to ${iso(wish.toMs ?? toMs)}`;
  const known = `the newest candle closed at ${iso(newestCloseMs + 1)}`;
  throw new RangeError(`the window must begin before its end, was ${text}; ${known}`);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
