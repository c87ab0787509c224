import type { Timeframe } from '../../market/candle.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { OrderParameters } from '../../orders/parameters.ts';
import type { DepthReport } from '../../orders/routing.ts';
import { Wallet } from '../../venue/accounts.ts';
import type { Conditions } from '../../venue/conditions.ts';
import { amount } from '../../venue/decimals.ts';
import type { TapeMove, TradeRow } from '../../venue/events.ts';
import { type Book, EMPTY_BOOK } from '../../venue/matching.ts';
import { bookOf, marketId, type OrderRecord, VenueState } from '../../venue/state.ts';
import { decideTape } from '../../venue/tape.ts';
import { decideCancel, decideOrder } from '../../venue/trading.ts';
import type { MarketClose } from './terms.ts';

/** The one account a backtest trades for, at the venue as in our own books. */
export const ACCOUNT = 'backtest';

/** The paper venue without its server: the same acts judged by the same arithmetic. */
export class PaperMarket {
  readonly #state = new VenueState({ keepsPast: false });
  readonly #timeframe: Timeframe;

  constructor(terms: {
    readonly instruments: readonly Instrument[];
    readonly conditions: Conditions;
    readonly timeframe: Timeframe;
    readonly deposits: Readonly<Record<string, string>>;
  }) {
    const { instruments, conditions, timeframe, deposits } = terms;
    this.#timeframe = timeframe;
    this.#state.apply({ type: 'conditions', conditions });
    this.#state.apply({ type: 'instruments', instruments });
    const wallet = new Wallet(this.#state.accounts.balances(ACCOUNT));
    for (const [asset, text] of Object.entries(deposits)) {
      wallet.change(asset, { free: amount(text) });
    }
    const balances = wallet.rows();
    const paid = { depositId: 'first', account: ACCOUNT, deposits, balances };
    this.#state.apply({ type: 'deposit', ...paid });
  }

  /** Moves the market to one close; what it fills of the orders that rested, in the venue's
   * order. */
  pass({ timeMs, entries }: MarketClose): readonly TradeRow[] {
    const timeframe = this.#timeframe;
    if (this.#state.open.size === 0) {
      // Nothing rests, so nothing is judged: the market moves, and that is all.
      for (const { symbol, candle, nextOpen } of entries) {
        this.#state.move(timeMs, { symbol, timeframe, candle, nextOpen });
      }
      return NO_TRADES;
    }
    const moves = entries.map(({ symbol, candle, nextOpen }): TapeMove => {
      return { symbol, timeframe, candle, nextOpen };
    });
    const touched = this.#touched(moves);
    const rest = touched.size === 0 ? moves : moves.filter(({ symbol }) => !touched.has(symbol));
    this.#state.apply({ type: 'tape', timeMs, moves: rest, trades: [], balances: {} });
    if (touched.size === 0) return NO_TRADES;
    // Markets do not see each other: only those are judged in which something may be filled.
    const event = decideTape(this.#state, {
      timeMs,
      moves: moves.filter((one) => touched.has(one.symbol)),
    });
    if (event === null) return [];
    this.#state.apply(event);
    return event.trades;
  }

  /** Sends an order. Throws the venue's `Refusal`. */
  place(clientOrderId: string, parameters: OrderParameters): OrderRecord {
    const { symbol, side, type, timeInForce, quantity, limitPrice, stopPrice } = parameters;
    const event = decideOrder(
      this.#state,
      {
        account: ACCOUNT,
        market: marketId(symbol),
        ...{ clientOrderId, side, type },
        timeInForce: timeInForce ?? 'GTC',
        price: limitPrice === null ? null : amount(limitPrice),
        stopPrice: stopPrice === null ? null : amount(stopPrice),
        quantity: amount(quantity),
        quoteQuantity: null,
      },
      { nowMs: 0, share: 1 },
    );
    return this.#state.place(event);
  }

  /** Takes an open order back. Throws the venue's `Refusal` when it is over. */
  cancel(orderId: number): void {
    this.#state.apply(decideCancel(this.#state, this.#state.orders.get(orderId), 0));
  }

  /** The book of a symbol as it stands now. */
  depth(symbol: string): DepthReport {
    return this.#book(symbol);
  }

  /** `null` where nobody buys. */
  bestBid(symbol: string): string | null {
    return this.#book(symbol).bids[0]?.price.toFixed() ?? null;
  }

  #book(symbol: string): Book {
    const market = this.#state.symbol(symbol);
    return market ? bookOf(market) : EMPTY_BOOK;
  }

  /** Candles of which not everything was believed. */
  get questionedPrints(): number {
    return this.#state.symbols().reduce((sum, { questioned }) => sum + questioned, 0);
  }

  /** Free and locked, decimal strings by asset. */
  balances(): ReadonlyMap<string, { readonly free: string; readonly locked: string }> {
    const rows = [...this.#state.accounts.balances(ACCOUNT)];
    return new Map(
      rows.map(([asset, { free, locked }]) => {
        return [asset, { free: free.toFixed(), locked: locked.toFixed() }];
      }),
    );
  }

  /** Markets with an open order that is no stop, or a stop that this close does not stay above. */
  #touched(moves: readonly TapeMove[]): ReadonlySet<string> {
    const { open } = this.#state;
    let touched: Set<string> | null = null;
    for (const { terms, workingTimeMs } of open.values()) {
      const { symbol, side, stopPrice } = terms;
      const move = moves.find((one) => one.symbol === symbol);
      if (move === undefined) continue;
      const waits = side === 'SELL' && stopPrice !== undefined && workingTimeMs === null;
      if (waits && this.#lowest(move) > Number(stopPrice)) continue;
      touched ??= new Set();
      touched.add(symbol);
    }
    return touched ?? NONE;
  }

  /** The lowest price that this close may try a stop with. Where it is above a stop's nearest
   * double it is above the stop. */
  #lowest({ symbol, candle }: TapeMove): number {
    const before = this.#state.symbol(symbol)?.lastPrice ?? candle.low;
    return Math.min(candle.low, candle.open, before);
  }
}

const NO_TRADES: readonly TradeRow[] = [];
const NONE: ReadonlySet<string> = new Set();
