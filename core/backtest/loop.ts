import type { ReadingPart } from '../features/reading.ts';
import type { Candle } from '../market/candle.ts';
import { refusalCodeOf } from '../risk/facts.ts';
import type { AccountBooks } from './account/account.ts';
import type { Kept, MarketCandle } from './account/terms.ts';
import { CurveSheet } from './curve.ts';
import { Desk, DeskView } from './desk.ts';
import type { OrderRecord } from './result.ts';
import { type Close, closesOf, compareMarkets, type MarketSeries } from './series.ts';
import type { BooksAtClose, Decision, Strategy } from './strategy.ts';
import { type Decided, decisionsOf } from './strategy-fault.ts';

/** One market as the loop holds it. */
interface Market {
  readonly series: MarketSeries;
  readonly desk: Desk;
  newest: Candle | null;
}

/** What a run has counted and kept so far. */
export interface Run {
  readonly curve: CurveSheet;
  readonly decisions: Decision[];
  /** Decisions are counted in any case. */
  readonly keeps: Kept;
  decided: number;
  readonly whyNoTrade: Record<string, number>;
  readonly verdicts: Record<string, number>;
  contested: number;
  candles: number;
  closes: number;
}

/** Told after every close how many candles are done; `false` ends the run with a
 * `RunStopped`. */
export type OnClose = (done: number, total: number) => boolean;

/** A run that its caller ended. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
  readonly done: number;
  readonly total: number;

  constructor(done: number, total: number) {
    super(`stopped after ${done} of ${total} candles`);
    this.done = done;
    this.total = total;
  }
}

/** Series by symbol. Throws a `RangeError` on none, on an empty one, on two of one symbol and on
 * timeframes that differ. */
export function marketsInOrder(series: readonly MarketSeries[]): readonly MarketSeries[] {
  const named = series.map((one) => ({ symbol: one.instrument.symbol, ...one }));
  const ordered = named.sort(compareMarkets);
  if (ordered.length === 0) throw new RangeError('series must hold at least one market');
  ordered.forEach(({ symbol, candles }, place) => {
    if (candles.length === 0) throw new RangeError(`${symbol} must have candles, had none`);
    if (ordered[place - 1]?.symbol === symbol) {
      throw new RangeError(`${symbol} must be there once, was there twice`);
    }
  });
  const timeframes = [...new Set(ordered.map(({ timeframe }) => timeframe))];
  if (timeframes.length > 1) {
    throw new RangeError(`series must have one timeframe, had ${timeframes.join(', ')}`);
  }
  return ordered;
}

export interface RunOptions {
  readonly strategy: Strategy;
  readonly onClose?: OnClose | undefined;
  readonly keeps?: Kept | undefined;
}

/** Runs a strategy over markets in order, on an account that was opened for them: at every close
 * what rests meets the market first, then every candle that closed is folded, the strategy decides
 * on all of them, and its orders follow one after the other. Nothing of a later close is read
 * before. Throws a `StrategyFault`, and a `RunStopped` when told to. */
export function runOn(
  account: AccountBooks,
  ordered: readonly MarketSeries[],
  { strategy, onClose, keeps = 'everything' }: RunOptions,
): Run {
  const total = ordered.reduce((sum, { candles }) => sum + candles.length, 0);
  const longest = ordered.reduce((most, { candles }) => Math.max(most, candles.length), 0);
  const run: Run = {
    curve: new CurveSheet(longest),
    decisions: [],
    keeps,
    decided: 0,
    whyNoTrade: {},
    verdicts: {},
    contested: 0,
    candles: 0,
    closes: 0,
  };
  const floor = new Floor(account, ordered, strategy.reads && [...strategy.reads, ...ORDER_PARTS]);
  for (const close of closesOf(ordered)) {
    const views = floor.meet(close);
    const decided = decisionsOf(strategy, views, floor);
    if (decided.length > 0) floor.carryOut(decided, run);
    run.curve.add(close.closeTimeMs, account.equity(), account.exposure());
    run.candles += views.length;
    run.closes += 1;
    if (onClose?.(run.candles, total) === false) throw new RunStopped(run.candles, total);
  }
  account.finish();
  return run;
}

/** What the order path reads beside what the strategy does. */
const ORDER_PARTS = ['atr14', 'volatility20'] as const satisfies readonly ReadingPart[];

/** Where strategy and account meet, close by close. */
class Floor implements BooksAtClose {
  readonly #account: AccountBooks;
  readonly #markets: readonly Market[];
  readonly #bySymbol: ReadonlyMap<string, Market>;
  /** Markets valued at this close. */
  readonly #valued = new Set<string>();
  #timeMs = 0;

  constructor(
    account: AccountBooks,
    ordered: readonly MarketSeries[],
    parts?: readonly ReadingPart[],
  ) {
    this.#account = account;
    this.#markets = ordered.map((series) => {
      const desk = new Desk(series.instrument.symbol, series.timeframe, parts);
      return { series, desk, newest: null };
    });
    this.#bySymbol = new Map(this.#markets.map((market) => [market.desk.symbol, market]));
  }

  /** Lets the account meet the market, folds what closed, and shows it. */
  meet({ closeTimeMs, entries }: Close<MarketSeries>): readonly DeskView[] {
    this.#timeMs = closeTimeMs;
    if (this.#valued.size > 0) this.#valued.clear();
    const told = entries.map(({ series, candle, nextOpen }): MarketCandle => {
      return { symbol: series.instrument.symbol, candle, nextOpen };
    });
    this.#account.meet({ timeMs: closeTimeMs, entries: told });
    return entries.map(({ place, candle }) => {
      const market = this.#markets[place] as Market;
      market.newest = candle;
      const reading = market.desk.fold(candle);
      return new DeskView(market.desk, market.series, { candle, reading });
    });
  }

  value(symbols: readonly string[]): void {
    let closes: Map<string, number> | null = null;
    for (const symbol of symbols) {
      if (this.#valued.has(symbol)) continue;
      const newest = this.#bySymbol.get(symbol)?.newest ?? null;
      if (newest?.closeTimeMs !== this.#timeMs) continue;
      this.#valued.add(symbol);
      closes ??= new Map();
      closes.set(symbol, newest.close);
    }
    if (closes !== null) this.#account.mark(this.#timeMs, closes);
  }

  holdings(symbol: string): ReturnType<BooksAtClose['holdings']> {
    return this.#account.holdings(symbol);
  }

  entryPrice(symbol: string): number | null {
    return this.#account.entryPrice(symbol);
  }

  sellable(symbol: string): string {
    return this.#account.sellable(symbol);
  }

  /** Keeps the decisions of one close and trades on them, in the order of symbols. */
  carryOut(decided: readonly Decided<DeskView>[], run: Run): void {
    this.value(decided.map(({ decision }) => decision.symbol));
    for (const { decision, view } of decided) {
      run.decided += 1;
      if (run.keeps === 'everything') run.decisions.push(decision);
      const { followUp, council, symbol, closeTimeMs, confidenceBp } = decision;
      if (council !== undefined) count(run.verdicts, council.verdict);
      if (council?.contested === true) run.contested += 1;
      if (followUp.kind === 'nothing') count(run.whyNoTrade, followUp.why);
      if (followUp.kind === 'escalate') count(run.whyNoTrade, UNANSWERED);
      if (followUp.kind !== 'order') continue;
      const { atr14, volatility20 } = view.reading.indicators;
      const { close } = view.candle;
      const { candles } = view;
      const asked = { symbol, side: followUp.side, closeTimeMs, close, confidenceBp };
      const order = this.#account.trade({ ...asked, atr14, volatility20, candles });
      if (!hasTraded(order)) count(run.whyNoTrade, stableReason(order));
    }
  }
}

/** A question to a person: nobody answers one in a backtest, and silence never trades. */
const UNANSWERED = 'unanswered';

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

function hasTraded({ executedQuantity }: OrderRecord): boolean {
  return Number(executedQuantity) > 0;
}

/** The risk rules' code where they refused it, else how the order ended. */
function stableReason({ reason, state }: OrderRecord): string {
  return refusalCodeOf(reason) ?? state;
}
