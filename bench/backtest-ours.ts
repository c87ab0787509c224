import type { Holdings } from '../core/assistants/snapshot.ts';
import type { Kept } from '../core/backtest/account/terms.ts';
import { Desk, DeskView } from '../core/backtest/desk.ts';
import type { BacktestResult } from '../core/backtest/result.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import { simulate } from '../core/backtest/simulate.ts';
import { makeStrategy } from '../core/backtest/strategies/list.ts';
import type {
  BooksAtClose,
  Decision,
  Gear,
  MarketView,
  Strategy,
} from '../core/backtest/strategy.ts';

export type Rule = 'council' | 'trend-following';

export interface Terms {
  readonly rule: Rule;
  readonly gear: Gear;
  readonly keeps?: Kept;
  /** Writes down the account as the strategy saw it. */
  readonly books?: Bookkeeper;
}

/** One backtest as `corro backtest` runs it, on an account with every default. */
export function backtestOf(series: readonly MarketSeries[], terms: Terms): BacktestResult {
  const { rule, gear, books, keeps = 'everything' } = terms;
  const made = makeStrategy(rule, {}, { gear });
  const strategy = books === undefined ? made : books.watching(made);
  return simulate({ series, strategy, gear, keeps });
}

/** Entry prices as `[first candle, candle after the last, price]`, and holdings by candle:
 * quantity, entry price, exposure and drawdown in basis points, open orders. */
export interface Feed {
  readonly entries: readonly (readonly [number, number, number])[];
  readonly books: Readonly<Record<number, readonly number[]>>;
}

/** Writes down what the books of one market said at every close, so that a peer without such an
 * account can decide on the same. */
export class Bookkeeper {
  readonly #entries: (number | null)[];
  readonly #books: Record<number, readonly number[]> = {};

  constructor(candles: number) {
    this.#entries = new Array<number | null>(candles).fill(null);
  }

  watching(strategy: Strategy): Strategy {
    const { name, version, warmup, parameters } = strategy;
    return {
      ...{ name, version, warmup, parameters },
      decide: (closed, books) => this.#decide(strategy, closed, books),
    };
  }

  #decide(
    strategy: Strategy,
    closed: readonly MarketView[],
    books: BooksAtClose,
  ): readonly Decision[] {
    const [view] = closed;
    if (view === undefined || closed.length > 1) throw new RangeError('one market, no more');
    const { symbol } = view.instrument;
    this.#entries[view.index] = books.entryPrice(symbol);
    const decisions = strategy.decide(closed, books);
    // Nothing is traded before a strategy has spoken: these are the books it saw.
    if (decisions.length > 0) {
      const held = books.holdings(symbol);
      const { exposureBps, drawdownBps, openOrders } = held;
      const position = [Number(held.quantity), Number(held.entryPrice)];
      this.#books[view.index] = [...position, exposureBps, drawdownBps, openOrders];
    }
    return decisions;
  }

  feed(): Feed {
    const entries: [number, number, number][] = [];
    this.#entries.forEach((price, index) => {
      if (price === null) return;
      const last = entries.at(-1);
      if (last !== undefined && last[1] === index && last[2] === price) last[1] = index + 1;
      else entries.push([index, index + 1, price]);
    });
    return { entries, books: this.#books };
  }
}

/** What the council decides at the closes of one market on books that were written down: the whole
 * of the deciding, and nothing of the account. */
export function decisionsOn(series: MarketSeries, feed: Feed): readonly Decision[] {
  const { instrument, timeframe, candles } = series;
  const council = makeStrategy('council', {}, { gear: 'lean' });
  const desk = new Desk(instrument.symbol, timeframe, council.reads);
  const books = new WrittenBooks(feed, candles.length);
  const decisions: Decision[] = [];
  for (const candle of candles) {
    const reading = desk.fold(candle);
    books.index = desk.index;
    const view = new DeskView(desk, series, { candle, reading });
    for (const decision of council.decide([view], books)) decisions.push(decision);
  }
  return decisions;
}

/** Books as they were written down, at the candle of `index`. */
class WrittenBooks implements BooksAtClose {
  index = 0;
  readonly #entries: (number | null)[];
  readonly #books: Feed['books'];

  constructor({ entries, books }: Feed, candles: number) {
    this.#entries = new Array<number | null>(candles).fill(null);
    for (const [first, end, price] of entries) this.#entries.fill(price, first, end);
    this.#books = books;
  }

  holdings(): Holdings {
    const [quantity = 0, entryPrice = 0, exposureBps = 0, drawdownBps = 0, openOrders = 0] =
      this.#books[this.index] ?? [];
    const amounts = { quantity: String(quantity), entryPrice: String(entryPrice) };
    return { equity: '1', cash: '1', ...amounts, exposureBps, drawdownBps, openOrders };
  }

  entryPrice(): number | null {
    return this.#entries[this.index] ?? null;
  }

  sellable(): string {
    return this.holdings().quantity;
  }

  value(): void {
    // They were valued when they were written.
  }
}
