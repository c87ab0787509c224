import type { Holdings } from '../../../core/assistants/snapshot.ts';
import { Desk, DeskView } from '../../../core/backtest/desk.ts';
import { closesOf, type MarketSeries } from '../../../core/backtest/series.ts';
import type { BooksAtClose, Decision, MarketView } from '../../../core/backtest/strategy.ts';
import type { Indicators } from '../../../core/features/reading.ts';
import type { Maker } from './future-check.ts';

/** The account a strategy is told it has: the same at every close, so that all that differs is what
 * it knows of the past. */
export const STANDS = ['flat', 'holding'] as const;
export type Stand = (typeof STANDS)[number];

export interface HistoryCheck {
  readonly series: readonly MarketSeries[];
  readonly make: Maker;
  /** Whether it is asked at every close (a rule) or at moments of its own choosing (the ring, whose
   * monitor counts from the last motion): then only closes at which both spoke can be compared. */
  readonly everyClose: boolean;
}

export interface HistoryFinding {
  readonly stand: Stand;
  /** Closes at which a decision of either was compared. */
  readonly compared: number;
  /** At which the two wanted different things. */
  readonly differing: number;
  /** Moments only one of the two chose, of a strategy that chooses its own. */
  readonly otherMoments: number;
  readonly first: {
    readonly symbol: string;
    readonly timeMs: number;
    /** What it wanted with all history, and with only its warm-up; `null`: nothing. */
    readonly whole: string | null;
    readonly short: string | null;
  } | null;
  /** Largest distance of a reading's indicator, as a share of its size. */
  readonly drift: { readonly indicator: string; readonly size: number } | null;
}

interface Heard {
  readonly decisions: ReadonlyMap<string, Decision>;
  readonly readings: ReadonlyMap<string, Indicators>;
}

/** Lets a strategy hear the market from the beginning, and from `warmup` candles before `fromMs`,
 * and compares what it says over the closes from `fromMs` to `toMs`. */
export async function historyMatters(
  { series, make, everyClose }: HistoryCheck,
  span: { readonly fromMs: number; readonly toMs: number; readonly stand: Stand },
): Promise<HistoryFinding> {
  const { fromMs, toMs, stand } = span;
  const until = (one: MarketSeries, startMs: number): MarketSeries => ({
    ...one,
    candles: one.candles.between(startMs, toMs),
  });
  const all = series.map((one) => until(one, Number.NEGATIVE_INFINITY));
  const whole = await make(all);
  const short = series.map((one) => until(one, startOf(one, fromMs, whole.warmup)));
  const long = hear(all, whole, span);
  const brief = hear(short, await make(short), span);
  const compared = comparisonOf(long, brief, everyClose);
  return { stand, ...compared, drift: driftOf(long, brief) };
}

/** Open of the candle from which so many have closed before `fromMs`. */
function startOf({ candles }: MarketSeries, fromMs: number, warmup: number): number {
  const before = candles.between(Number.NEGATIVE_INFINITY, fromMs).length;
  return candles.at(Math.max(0, before - warmup))?.openTimeMs ?? fromMs;
}

function hear(
  series: readonly MarketSeries[],
  strategy: Awaited<ReturnType<Maker>>,
  { fromMs, stand }: { readonly fromMs: number; readonly stand: Stand },
): Heard {
  const desks = series.map(({ instrument, timeframe }) => new Desk(instrument.symbol, timeframe));
  const decisions = new Map<string, Decision>();
  const readings = new Map<string, Indicators>();
  for (const { closeTimeMs, entries } of closesOf(series)) {
    const closed: MarketView[] = entries.map(({ place, candle, series: market }) => {
      const desk = desks[place] as Desk;
      return new DeskView(desk, market, { candle, reading: desk.fold(candle) });
    });
    const said = strategy.decide(closed, booksOf(stand, closed));
    if (closeTimeMs < fromMs) continue;
    for (const view of closed) {
      readings.set(`${view.instrument.symbol} ${closeTimeMs}`, view.reading.indicators);
    }
    for (const decision of said) decisions.set(`${decision.symbol} ${closeTimeMs}`, decision);
  }
  return { decisions, readings };
}

/** Books that stay the same: nothing is held, or a fifth of ten thousand bought at this close. */
function booksOf(stand: Stand, closed: readonly MarketView[]): BooksAtClose {
  const closeOf = (symbol: string): number =>
    closed.find(({ instrument }) => instrument.symbol === symbol)?.candle.close ?? 1;
  const quantityOf = (symbol: string): string => (2_000 / closeOf(symbol)).toFixed(8);
  const flat = stand === 'flat';
  return {
    value: () => undefined,
    entryPrice: (symbol) => (flat ? null : closeOf(symbol)),
    sellable: (symbol) => (flat ? '0' : quantityOf(symbol)),
    holdings: (symbol): Holdings => ({
      equity: '10000',
      cash: flat ? '10000' : '8000',
      quantity: flat ? '0' : quantityOf(symbol),
      entryPrice: flat ? '0' : closeOf(symbol).toFixed(8),
      exposureBps: flat ? 0 : 2_000,
      drawdownBps: 0,
      openOrders: 0,
    }),
  };
}

function comparisonOf(
  long: Heard,
  brief: Heard,
  everyClose: boolean,
): Pick<HistoryFinding, 'compared' | 'differing' | 'otherMoments' | 'first'> {
  let [compared, differing, otherMoments] = [0, 0, 0];
  let first: HistoryFinding['first'] = null;
  const keys = new Set([...long.decisions.keys(), ...brief.decisions.keys()]);
  for (const key of [...keys].sort(byTime)) {
    const [one, other] = [long.decisions.get(key), brief.decisions.get(key)];
    if (!everyClose && (one === undefined || other === undefined)) {
      otherMoments += 1;
      continue;
    }
    compared += 1;
    if (one?.action === other?.action) continue;
    differing += 1;
    const { symbol, closeTimeMs: timeMs } = (one ?? other) as Decision;
    first ??= { symbol, timeMs, whole: one?.action ?? null, short: other?.action ?? null };
  }
  return { compared, differing, otherMoments, first };
}

function byTime(one: string, other: string): number {
  return timeIn(one) - timeIn(other) || (one < other ? -1 : 1);
}

function timeIn(key: string): number {
  return Number(key.slice(key.indexOf(' ') + 1));
}

/** Sizes below this share of the close are nothing: a difference of means passes through zero. */
const LEAST_SIZE = 1e-3;

function driftOf(long: Heard, brief: Heard): HistoryFinding['drift'] {
  let worst: HistoryFinding['drift'] = null;
  for (const [key, indicators] of brief.readings) {
    const whole = long.readings.get(key);
    if (whole === undefined) continue;
    const scale = Math.abs(whole.sma20 ?? 0) * LEAST_SIZE;
    for (const [name, value] of Object.entries(indicators) as [keyof Indicators, number | null][]) {
      const wanted = whole[name];
      if (value === null || wanted === null || value === wanted) continue;
      const least = OF_PRICE.has(name) ? scale : LEAST_SIZE;
      const size = Math.abs(value - wanted) / Math.max(Math.abs(wanted), least);
      if (size > (worst?.size ?? 0)) worst = { indicator: name, size };
    }
  }
  return worst;
}

/** Differences of prices, which may be zero at any price. */
const OF_PRICE: ReadonlySet<keyof Indicators> = new Set(['macd', 'macdSignal', 'macdHistogram']);
